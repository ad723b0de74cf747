// Small comforts; every page works without them.
document.addEventListener("click", (event) => {
  const pill = event.target.closest("[data-fill]");
  if (!pill) return;
  const field = document.querySelector(`[name="${pill.dataset.fill}"]`);
  field.value = pill.dataset.value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("input", (event) => {
  const box = event.target.dataset.narrow && document.getElementById(event.target.dataset.narrow);
  if (!box) return;
  const words = event.target.value.normalize("NFKC").toLowerCase();
  for (const option of box.querySelectorAll(".option")) {
    option.hidden = !option.textContent.normalize("NFKC").toLowerCase().includes(words) && !option.querySelector(":checked");
  }
});
