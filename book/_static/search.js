// What an excerpt of the search shows: the text of a page, without its list of contents, code and
// formulas as LaTeX. A file has no excerpts: a browser lets no file read another.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const whole = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const aside = "#jb-print-docs-body, .cell_input, .cell_output, .math, nav, .toctree-wrapper, h1";
    for (const part of page.querySelectorAll(aside)) part.remove();
    return whole(page.documentElement.outerHTML, anchor).replace(/\s+/g, " ");
  };
});
