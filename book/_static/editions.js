// The switch to the other edition leads to the place that the reader has come to.
document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("a.edition")) {
    link.addEventListener("click", () => {
      const passed = [...document.querySelectorAll("article section[id]")]
        .filter((section) => section.getBoundingClientRect().top < innerHeight / 3);
      const place = passed.length > 1 ? `#${passed.at(-1).id}` : "";
      link.href = link.href.replace(/#.*|$/, place);
    });
  }
});
