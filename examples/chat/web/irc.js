// The wire format of IRC: a line taken apart, a line put together, a text cut to fit. Knows no socket and no page.

/** What a tag's value has in the place of what would end it (IRCv3 message-tags). */
const ESCAPED = { ":": ";", s: " ", "\\": "\\", r: "\r", n: "\n" };

/** Takes a line without its end apart: `{ tags, source, nick, command, params }`. */
export function parse(line) {
  let rest = line;
  const tags = new Map();
  if (rest.startsWith("@")) {
    const [head, tail] = word(rest.slice(1));
    for (const tag of head.split(";")) {
      const at = tag.indexOf("=");
      if (at < 0) tags.set(tag, "");
      else tags.set(tag.slice(0, at), unescape(tag.slice(at + 1)));
    }
    rest = tail;
  }
  let source = "";
  if (rest.startsWith(":")) {
    [source, rest] = word(rest.slice(1));
  }
  let command;
  [command, rest] = word(rest);
  const params = [];
  while (rest !== "") {
    if (rest.startsWith(":")) {
      params.push(rest.slice(1));
      break;
    }
    let param;
    [param, rest] = word(rest);
    params.push(param);
  }
  return { tags, source, nick: source.split("!")[0], command: command.toUpperCase(), params };
}

/** Puts a line together. What would end it, or begin another, becomes a space. */
export function compose(command, ...params) {
  const words = params.map(String);
  const last = words.length - 1;
  if (last >= 0 && (words[last] === "" || words[last].includes(" ") || words[last].startsWith(":"))) {
    words[last] = `:${words[last]}`;
  }
  return [command, ...words].join(" ").replace(/[\r\n\0]/g, " ");
}

/** A nick or a channel as the server compares it: CASEMAPPING=ascii. */
export function fold(name) {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function isChannel(name) {
  return name.startsWith("#");
}

/** Cuts a text into pieces of at most `max` bytes of UTF-8, between words where that can be. */
export function split(text, max) {
  const pieces = [];
  let rest = text;
  while (bytes(rest) > max) {
    let end = 0;
    let room = max;
    for (const letter of rest) {
      room -= bytes(letter);
      if (room < 0) break;
      end += letter.length;
    }
    const space = rest.lastIndexOf(" ", end);
    const at = space > end / 2 ? space : end;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  pieces.push(rest);
  return pieces;
}

const encoder = new TextEncoder();

function bytes(text) {
  return encoder.encode(text).length;
}

function unescape(value) {
  return value.replace(/\\(.?)/g, (_, letter) => ESCAPED[letter] ?? letter);
}

/** The first word, and what follows it. */
function word(text) {
  const at = text.indexOf(" ");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at).replace(/^ +/, "")];
}
