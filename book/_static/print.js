// Paper is white: while the page is printed, its theme is the light one.
const root = document.documentElement;
let themeOnScreen;
matchMedia("print").addEventListener("change", ({ matches }) => {
  if (matches) themeOnScreen = root.dataset.theme;
  root.dataset.theme = matches ? "light" : themeOnScreen;
});
