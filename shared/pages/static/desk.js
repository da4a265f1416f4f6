// Pages work without this. With it, points are added up while a form is filled in: every choice that is made and has
// `data-points-<total>` counts into the element with `data-total="<total>"`.
"use strict";
for (const form of document.querySelectorAll("form[data-adds-up]")) {
  const totals = form.querySelectorAll("[data-total]");
  const addUp = () => {
    const chosen = [...form.querySelectorAll("input:checked"), ...form.querySelectorAll("option:checked")];
    for (const total of totals) {
      const name = `data-points-${total.dataset.total}`;
      total.textContent = chosen.reduce((sum, each) => sum + Number(each.getAttribute(name) ?? 0), 0);
    }
  };
  form.addEventListener("change", addUp);
  addUp();
}
const refused = document.querySelector(".problem");
if (refused) refused.focus();
