/** Shows a progress element while parts are loaded, and hides it afterwards. */
export async function withProgress(element, load) {
  element.hidden = false;
  try {
    return await load((fraction) => { element.value = fraction; });
  } finally {
    element.hidden = true;
  }
}
