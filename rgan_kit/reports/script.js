"use strict";
for (const svg of document.querySelectorAll(".chart svg")) {
  const readout = svg.querySelector(".readout");
  const lines = [...svg.querySelectorAll("path[data-x]")].map((path) => ({
    places: path.dataset.x.split(" ").map(Number),
    said: path.dataset.said.split(";"),
  }));
  const nearest = (places, x) =>
    places.reduce((best, place, index) => (Math.abs(place - x) < Math.abs(places[best] - x) ? index : best), 0);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    readout.textContent = lines
      .map(({ places, said }) => said[nearest(places, x)].split(":"))
      .map(([step, value], index) => (index ? value : `step ${step}: ${value}`))
      .join(" · ");
  });
  svg.addEventListener("pointerleave", () => { readout.textContent = ""; });
}
