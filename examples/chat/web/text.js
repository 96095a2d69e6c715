// The text of a message as elements: links, our own nick, and the few marks of IRC. It makes elements and texts, and nothing
// that anybody has said becomes anything else.

const LINK = /https?:\/\/[^\s<>"'`]+/gi;
/** Bold, italic, underlined, fixed width; and what ends all of them. */
const MARKS = { "\x02": "b", "\x1d": "i", "\x1f": "u", "\x11": "code" };
/** Colours are not shown, nor is what swaps them. */
// eslint-disable-next-line no-control-regex
const COLOURS = /\x03(\d{1,2}(,\d{1,2})?)?|\x04[0-9a-f]{0,6}|[\x16\x1e]/gi;
// eslint-disable-next-line no-control-regex
const PARTS = /([\x02\x1d\x1f\x11\x0f])/;

/** A text as it is shown. Where it names `nick`, that is marked. */
export function render(text, nick = "") {
  const whole = document.createDocumentFragment();
  const on = new Set();
  for (const part of text.replace(COLOURS, "").split(PARTS)) {
    if (part === "\x0f") on.clear();
    else if (part in MARKS) {
      if (!on.delete(MARKS[part])) on.add(MARKS[part]);
    } else if (part !== "") {
      let place = whole;
      for (const name of on) place = place.appendChild(document.createElement(name));
      linked(part, nick, place);
    }
  }
  return whole;
}

/** A text without its marks, for titles and whoever reads aloud. */
export function bare(text) {
  return text.replace(COLOURS, "").split(PARTS).filter((part) => part !== "\x0f" && !(part in MARKS)).join("");
}

/** Whether a text names somebody: the nick, and no letter of another before or behind it. */
export function names(text, nick) {
  return nick !== "" && pattern(nick).test(text);
}

function linked(text, nick, place) {
  let at = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const shown = withoutEnd(found);
    const link = anchor(shown);
    if (link === null) continue;
    marked(text.slice(at, index), nick, place);
    place.append(link);
    at = index + shown.length;
  }
  marked(text.slice(at), nick, place);
}

/** A link to the web, or nothing: an address of another kind is a text. */
function anchor(address) {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.textContent = address;
  return link;
}

/** An address without what ends the sentence around it. */
function withoutEnd(address) {
  let end = address.replace(/[.,;:!?]+$/, "");
  while (end.endsWith(")") && end.split(")").length > end.split("(").length) end = end.slice(0, -1);
  return end;
}

function marked(text, nick, place) {
  if (text === "") return;
  let at = 0;
  for (const { 0: found, index } of nick === "" ? [] : text.matchAll(pattern(nick))) {
    place.append(text.slice(at, index));
    const mark = document.createElement("mark");
    mark.textContent = found;
    place.append(mark);
    at = index + found.length;
  }
  place.append(text.slice(at));
}

function pattern(nick) {
  const quoted = nick.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\d_\\-[\\]\\\\\`^{}|])${quoted}(?![\\p{L}\\d_\\-[\\]\\\\\`^{}|])`, "giu");
}
