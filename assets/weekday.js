// Beside a date that is typed: its day of the week, in the words the server uses.
const DAY = { weekday: "long", month: "long", day: "numeric", year: "numeric", timeZone: "UTC" };

export function weekdays(root) {
  const words = new Intl.DateTimeFormat("en-US", DAY);
  for (const input of root.querySelectorAll("input[data-weekday]")) {
    const said = root.getElementById(input.dataset.weekday);
    input.addEventListener("input", () => {
      said.textContent = input.valueAsDate ? words.format(input.valueAsDate) : "";
    });
  }
}
