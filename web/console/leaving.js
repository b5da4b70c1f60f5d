// The way out of the machine for the keyboard. A machine gets every key that is pressed on its screen or line, Tab and Escape, too. So
// Ctrl, Alt and Shift, held together and let go with no other key, lead to the buttons of the page.

const KEYS = /^(Control|Alt|Shift)(Left|Right)$/;
const BUTTONS = "header button:not([hidden]), header a[href]";

// `place` is where the machine gets the keys. Returns what gives the keyboard to the machine, unless somebody has left it.
export function offerLeaving(place) {
  const held = new Set();
  let together = false;
  let left = false;
  const forget = () => {
    held.clear();
    together = false;
  };
  const pressed = ({ code }) => {
    const key = KEYS.exec(code)?.[1];
    if (!key) return forget();
    held.add(key);
    together ||= held.size === 3;
  };
  // The machine hears of this key, too: for it all three are up again.
  const released = ({ code }) => {
    held.delete(KEYS.exec(code)?.[1]);
    if (!together || held.size) return;
    forget();
    left = true;
    document.querySelector(BUTTONS)?.focus();
  };
  // A screen takes its keys and lets none through, so these are first.
  addEventListener("keydown", pressed, { capture: true });
  addEventListener("keyup", released, { capture: true });
  addEventListener("blur", forget);
  place.addEventListener("focusin", () => {
    left = false;
  });
  return (focus) => {
    if (!left) focus();
  };
}
