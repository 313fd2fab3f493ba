// The theme names some controls otherwise than they are labelled, so that a person who speaks
// to the computer cannot call them by what they read; and it calls the bibliography a list
// without list items. Without these attributes the visible text is the name.
document.addEventListener("DOMContentLoaded", () => {
  const misnamed = "summary[aria-label], .search-button-field, .theme-switch-button";
  for (const control of document.querySelectorAll(misnamed)) control.removeAttribute("aria-label");
  for (const list of document.querySelectorAll(".citation-list")) list.removeAttribute("role");
});
