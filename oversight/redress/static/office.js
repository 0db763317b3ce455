// Building blocks of an answer go where the cursor is. Nothing is kept and nothing is sent.
for (const button of document.querySelectorAll("[data-block]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById("text");
    const before = field.value.slice(0, field.selectionStart);
    const gap = before && !before.endsWith("\n") ? "\n" : "";
    field.setRangeText(gap + button.dataset.block, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
}
