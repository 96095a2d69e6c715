// The log: the lines of one room as elements, no more of them than the room keeps. It stays at the end while it is there, and
// where it is while somebody reads further up, whatever comes and goes.

import { bare, render } from "./text.js";

/** How near the end is at the end, and how near the start asks for more, in pixels. */
const END_PX = 48;
const START_PX = 200;
/** Lines of one speaker within this time stand together. */
const TOGETHER_MS = 5 * 60 * 1_000;
/** How many colours there are for nicks; see `chat.css`. */
const HUES = 12;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export class Log {
  #box;
  #list;
  #events;
  #room = null;
  #nick = "";
  /** The last line that is shown. */
  #last = null;
  #atEnd = true;
  #due = false;

  /** `events`: `older(room)` when somebody has come to the start, `moved(atEnd)` when they have scrolled. */
  constructor(box, list, events) {
    [this.#box, this.#list, this.#events] = [box, list, events];
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(box);
  }

  get atEnd() {
    return this.#atEnd;
  }

  /** Shows a room, from its end. `nick` is ours. */
  show(room, nick) {
    this.#room = room;
    this.#nick = nick;
    this.#fill();
    this.toEnd();
  }

  /** Lines have come at the end. A burst of them is shown at once. */
  append(room) {
    if (room !== this.#room || this.#due) return;
    this.#due = true;
    const show = () => {
      this.#due = false;
      this.#flush();
    };
    // A page that nobody sees has no frames.
    if (document.hidden) setTimeout(show, 100);
    else requestAnimationFrame(show);
  }

  /** Lines have come somewhere: shows all of them anew, with what is being read where it is. */
  refresh(room) {
    if (room !== this.#room) return;
    const fromEnd = this.#box.scrollHeight - this.#box.scrollTop;
    this.#fill();
    if (this.#atEnd) this.toEnd();
    else this.#box.scrollTop = this.#box.scrollHeight - fromEnd;
  }

  toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#scrolled();
  }

  /** Whoever has it read aloud hears what is new, and not all of it again. */
  #fill() {
    this.#box.setAttribute("aria-live", "off");
    const entries = this.#room.lines.map((line, at, lines) => this.#entry(line, lines[at - 1]));
    this.#list.replaceChildren(...entries);
    this.#last = this.#room.lines.at(-1) ?? null;
    setTimeout(() => this.#box.setAttribute("aria-live", "polite"), 500);
  }

  #flush() {
    const { lines } = this.#room;
    const shown = this.#last === null ? -1 : lines.lastIndexOf(this.#last);
    // Everything that was shown has gone meanwhile.
    if (shown < 0) return this.refresh(this.#room);
    const fresh = document.createDocumentFragment();
    for (let at = shown + 1; at < lines.length; at += 1) fresh.append(this.#entry(lines[at], lines[at - 1]));
    this.#list.append(fresh);
    this.#last = lines.at(-1);
    this.#drop(this.#list.childElementCount - lines.length);
    if (this.#atEnd) this.toEnd();
  }

  /** Drops the oldest, and leaves in its place what is being read. */
  #drop(count) {
    if (count <= 0) return;
    const before = this.#box.scrollHeight;
    for (let dropped = 0; dropped < count; dropped += 1) this.#list.firstElementChild.remove();
    this.#list.firstElementChild.replaceWith(this.#entry(this.#room.lines[0], undefined));
    if (!this.#atEnd) this.#box.scrollTop -= before - this.#box.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    this.#events.moved(this.#atEnd);
    if (scrollTop < START_PX && this.#room !== null) this.#events.older(this.#room);
  }

  /** One line, with what is said above it: a new day, or where the news begin. One element for each line. */
  #entry(line, before) {
    const entry = make("div", "entry");
    const newDay = before === undefined || day(before.at) !== day(line.at);
    if (newDay) entry.append(separator("day", DAY.format(line.at)));
    if (line === this.#room.firstUnread) entry.append(separator("news", "New"));
    const together = !newDay && line !== this.#room.firstUnread && isTogether(before, line);
    entry.append(line.kind === "event" || line.kind === "error" ? told(line) : this.#said(line, together));
    return entry;
  }

  #said(line, together) {
    const row = make("div", `line said ${line.kind}`);
    row.classList.toggle("together", together);
    row.classList.toggle("mention", line.mention);
    row.classList.toggle("mine", line.mine);
    const who = make("button", `who hue-${hue(line.nick)}`, line.nick);
    who.type = "button";
    who.dataset.nick = line.nick;
    const words = make("span", "words");
    words.dir = "auto";
    words.append(render(line.text, line.mine ? "" : this.#nick));
    if (line.kind === "action") {
      words.prepend(who, " ");
      words.append(clock(line.at));
      row.append(ornament("✱"), words);
    } else if (together) {
      row.append(clock(line.at), make("span", "unseen", `${line.nick}: `), words);
    } else {
      const face = ornament([...line.nick][0]?.toUpperCase() ?? "?", `face hue-${hue(line.nick)}`);
      const head = make("span", "head");
      head.append(who, " ", clock(line.at));
      if (line.kind === "notice") head.append(" ", make("span", "badge", "notice"));
      row.append(face, head, make("span", "unseen", ": "), words);
    }
    return row;
  }
}

/** What has happened, or has not. */
function told(line) {
  const row = make("div", `line ${line.kind}`);
  const words = make("span", "words", bare(line.text));
  words.dir = "auto";
  words.append(clock(line.at));
  row.append(ornament(line.kind === "error" ? "!" : "·"), words);
  return row;
}

/** What is seen beside a line, and not read aloud. */
function ornament(sign, kind = "ornament") {
  const element = make("span", kind, sign);
  element.setAttribute("aria-hidden", "true");
  return element;
}

function separator(kind, text) {
  const rule = make("div", `rule ${kind}`);
  rule.append(make("span", "", text));
  return rule;
}

function clock(at) {
  const time = make("time", "clock", CLOCK.format(at));
  time.dateTime = new Date(at).toISOString();
  time.title = WHOLE.format(at);
  return time;
}

function isTogether(before, line) {
  const kinds = before?.kind === "message" && line.kind === "message";
  return kinds && before.nick === line.nick && line.at - before.at < TOGETHER_MS;
}

function day(at) {
  return new Date(at).toDateString();
}

/** The colour of a nick: always the same. */
export function hue(nick) {
  let hash = 7;
  for (const letter of nick.toLowerCase()) hash = (hash * 31 + letter.codePointAt(0)) % 100_003;
  return hash % HUES;
}

/** An element with a class and a text. */
export function make(name, kind = "", text = "") {
  const element = document.createElement(name);
  if (kind !== "") element.className = kind;
  if (text !== "") element.textContent = text;
  return element;
}
