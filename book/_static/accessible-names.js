// The theme names some controls otherwise than they are labelled, so that a person who speaks
// to the computer cannot call them by what they read: without the attribute the visible text is
// the name. It also calls the bibliography a list, and its entries by a role that has no list.
document.addEventListener("DOMContentLoaded", () => {
  const misnamed = "summary[aria-label], .search-button-field, .theme-switch-button";
  for (const control of document.querySelectorAll(misnamed)) control.removeAttribute("aria-label");
  for (const entry of document.querySelectorAll(".citation-list > .citation")) entry.role = "listitem";
});
