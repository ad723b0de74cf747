// Small comforts; every page works without them.
document.addEventListener("click", (event) => {
  const pill = event.target.closest("[data-fill]");
  if (!pill) return;
  const field = document.querySelector(`[name="${pill.dataset.fill}"]`);
  field.value = pill.dataset.value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
