// The colours: as the system has them, until somebody chooses. Runs before anything is shown, so that nothing flashes.

(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing shows what the system has.
  }
})();
