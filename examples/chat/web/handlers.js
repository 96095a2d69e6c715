// What each line of the server does to a session. A line that none of these knows is shown as it is.

import { fold, isChannel } from "./irc.js";

/** What we ask for, of what the server has. */
const WANTED = [
  "away-notify", "batch", "cap-notify", "draft/chathistory", "echo-message", "invite-notify", "message-tags",
  "multi-prefix", "server-time",
];

/** Of channels with more people than this nobody asks who is away. */
const ASK_AWAY_MAX = 300;

/** Carries out a line. */
export function handle(session, message) {
  const handler = HANDLERS[message.command];
  if (handler !== undefined) handler(session, message);
  else if (/^\d\d\d$/.test(message.command)) numeric(session, message);
}

const HANDLERS = {
  PING: (session, { params }) => session.send("PONG", params.at(-1) ?? ""),
  PONG: () => {},
  CAP: negotiate,
  ERROR(session, { params }) {
    session.refused(params[0]);
    session.add(session.server, session.line({ kind: "error", text: params[0] }));
  },
  BATCH: batch,
  FAIL: complaint,
  WARN: complaint,
  NOTE: complaint,

  PRIVMSG: said,
  NOTICE: said,
  TAGMSG: () => {},
  JOIN: joined,
  PART(session, message) {
    const reason = message.params[1] ? ` (${message.params[1]})` : "";
    gone(session, message, session.known(message.params[0]), message.nick, `left${reason}`);
  },
  KICK(session, message) {
    const [channel, nick, reason] = message.params;
    gone(session, message, session.known(channel), nick, `was removed by ${message.nick} (${reason ?? ""})`);
  },
  QUIT(session, message) {
    const reason = message.params[0] ? ` (${message.params[0]})` : "";
    for (const room of session.rooms.values()) {
      if (room.member(message.nick) === undefined && room.id !== fold(message.nick)) continue;
      room.members.delete(fold(message.nick));
      event(session, message, room, `${message.nick} has gone${reason}`);
      session.view.membersChanged(room);
    }
    // Our old name is free again.
    if (fold(message.nick) === fold(session.wantedNick) && !session.isMe(message.nick)) {
      session.send("NICK", session.wantedNick);
    }
  },
  NICK: renamed,
  TOPIC(session, message) {
    const [channel, topic] = message.params;
    const room = session.known(channel);
    if (room === undefined) return;
    room.topic = topic;
    event(session, message, room, topic ? `${message.nick} set the topic: ${topic}` : `${message.nick} cleared the topic`);
    session.view.topicChanged(room);
  },
  MODE: moded,
  AWAY(session, message) {
    setAway(session, message.nick, message.params.length > 0);
  },
  INVITE(session, message) {
    const [nick, channel] = message.params;
    const text = session.isMe(nick)
      ? `${message.nick} invites you to ${channel}: /join ${channel}`
      : `${message.nick} has invited ${nick}`;
    event(session, message, session.isMe(nick) ? session.current : (session.known(channel) ?? session.current), text);
  },

  "001": (session, { params }) => {
    session.enter(params[0]);
    event(session, {}, session.server, params.at(-1));
  },
  "005"(session, { params }) {
    const network = params.find((token) => token.startsWith("NETWORK="));
    if (network !== undefined) session.network = network.slice("NETWORK=".length);
    session.view.stateChanged(session.state);
  },
  301(session, message) {
    const [, nick, text] = message.params;
    event(session, message, session.known(nick) ?? session.current, `${nick} is away: ${text}`);
  },
  305: (session, message) => ownAway(session, message, false),
  306: (session, message) => ownAway(session, message, true),
  321(session) {
    session.listing = [];
  },
  322(session, { params }) {
    const [, name, members, topic] = params;
    session.listing?.push({ name, members: Number(members), topic: topic ?? "" });
  },
  323(session) {
    session.view.listed(session.listing ?? []);
    session.listing = null;
  },
  324(session, { params }) {
    const [, channel, modes, ...values] = params;
    const room = session.known(channel);
    if (room === undefined) return;
    room.topicLocked = modes.includes("t");
    const key = [...modes.replace("+", "")].filter((letter) => "kl".includes(letter)).indexOf("k");
    if (key >= 0 && values[key] !== undefined) room.key = values[key];
    session.view.topicChanged(room);
  },
  329: () => {},
  331: (session, { params }) => topic(session, params[1], ""),
  332: (session, { params }) => topic(session, params[1], params[2]),
  333: () => {},
  352(session, message) {
    const [, channel, , , , nick, flags] = message.params;
    if (!session.looking.has(fold(channel))) return numeric(session, message);
    const room = session.known(channel);
    if (room?.member(nick) !== undefined) room.setMember(nick, { away: flags.startsWith("G") });
  },
  315(session, message) {
    if (!session.looking.delete(fold(message.params[1]))) return numeric(session, message);
    const room = session.known(message.params[1]);
    if (room !== undefined) session.view.membersChanged(room);
  },
  353(session, { params }) {
    const room = session.known(params[2]);
    for (const name of params[3].split(" ").filter(Boolean)) {
      const nick = name.replace(/^[@+]+/, "").split("!")[0];
      room?.setMember(nick, { prefixes: name.slice(0, name.search(/[^@+]/)) });
    }
  },
  366(session, { params }) {
    const room = session.known(params[1]);
    if (room === undefined) return;
    session.view.membersChanged(room);
    if (room.members.size > ASK_AWAY_MAX) return;
    session.looking.add(room.id);
    session.send("WHO", room.name);
  },
  // Whoever is not let in may take another name; who was in before gets one that is like it.
  432: (session, { params }) => session.refused(`${params[1]} cannot be a name here`, "nick"),
  433(session, message) {
    if (session.registered) return numeric(session, message);
    if (!session.welcomed) return session.refused(`${message.params[1]} is taken: choose another name`, "nick");
    session.nick = `${message.params[1]}_`;
    session.send("NICK", session.nick);
  },
  464: (session) => session.refused("The password is wrong", "password"),
};

function negotiate(session, { params }) {
  const [, subcommand, ...rest] = params;
  const offered = (rest.at(-1) ?? "").split(" ").map((cap) => cap.split("=")[0]);
  if (subcommand === "LS") {
    const wanted = WANTED.filter((cap) => offered.includes(cap));
    // A list in several lines has a star before all but the last.
    if (rest[0] === "*" && rest.length > 1) wanted.forEach((cap) => session.caps.add(cap));
    else {
      const all = [...session.caps, ...wanted];
      session.caps.clear();
      session.send(...(all.length > 0 ? ["CAP", "REQ", all.join(" ")] : ["CAP", "END"]));
    }
  } else if (subcommand === "ACK") {
    for (const cap of offered) {
      if (cap.startsWith("-")) session.caps.delete(cap.slice(1));
      else session.caps.add(cap);
    }
    if (!session.registered) session.send("CAP", "END");
  } else if (subcommand === "NAK" && !session.registered) {
    session.send("CAP", "END");
  }
}

/** Lines of the history come in a batch; whatever else does is carried out as it comes. */
function batch(session, { params }) {
  const [name, kind, target] = params;
  if (name.startsWith("+")) {
    session.batches.set(name.slice(1), { kind, target, lines: [] });
    return;
  }
  const done = session.batches.get(name.slice(1));
  session.batches.delete(name.slice(1));
  if (done?.kind !== "chathistory") return;
  const lines = done.lines.map((message) => spoken(session, message)).filter((line) => line !== null);
  session.history.answered(done.target, done.lines, lines);
}

function said(session, message) {
  const { nick, source, params } = message;
  const line = spoken(session, message);
  if (line === null) return;
  // A server has no user in its name.
  if (!source.includes("!")) return session.add(session.server, line);
  const target = params[0].replace(/^[@+]+(?=#)/, "");
  const name = isChannel(target) ? target : session.isMe(nick) ? target : nick;
  session.add(session.room(name), line);
}

/** A message as a line; nothing, if it is a question from one program to another. */
function spoken(session, { tags, nick, command, params }) {
  let text = params[1] ?? "";
  let kind = command === "NOTICE" ? "notice" : "message";
  if (text.startsWith("\x01")) {
    const action = /^\x01ACTION (.*?)\x01?$/.exec(text);
    if (action === null) return null;
    [kind, text] = ["action", action[1]];
  }
  return session.line({ id: tags.get("msgid") ?? "", at: time(tags), kind, nick, text });
}

function joined(session, message) {
  const room = isMine(session, message) ? session.room(message.params[0]) : session.known(message.params[0]);
  if (room === undefined) return;
  if (!isMine(session, message)) {
    room.setMember(message.nick, { prefixes: "", away: false });
    event(session, message, room, `${message.nick} has joined`);
    return session.view.membersChanged(room);
  }
  room.name = message.params[0];
  room.joined = room.wanted = true;
  room.members.clear();
  room.setMember(message.nick, { prefixes: "", away: session.away });
  event(session, message, room, `You are in ${room.name}`);
  session.view.roomsChanged();
  if (session.opening.delete(room.id)) session.view.show(room);
  session.send("MODE", room.name);
  session.history.askMissed(room);
}

/** Somebody is not in a room any more. */
function gone(session, message, room, nick, how) {
  if (room === undefined) return;
  room.members.delete(fold(nick));
  if (session.isMe(nick)) {
    room.joined = room.wanted = false;
    room.members.clear();
    if (message.command === "PART") return session.forget(room);
    event(session, message, room, `You ${how.replace("was", "were")}`);
    session.view.roomsChanged();
  } else {
    event(session, message, room, `${nick} ${how}`);
  }
  session.view.membersChanged(room);
}

function renamed(session, message) {
  const [to] = message.params;
  const mine = isMine(session, message);
  if (mine) {
    session.nick = to;
    session.view.stateChanged(session.state);
  }
  for (const room of [...session.rooms.values()]) {
    const member = room.member(message.nick);
    if (member !== undefined) {
      room.members.delete(fold(message.nick));
      room.setMember(to, { prefixes: member.prefixes, away: member.away });
    } else if (room.id === fold(message.nick)) {
      session.rename(room, to);
    } else {
      continue;
    }
    event(session, message, room, mine ? `You are ${to} now` : `${message.nick} is ${to} now`);
    session.view.membersChanged(room);
  }
  session.view.roomsChanged();
}

function moded(session, message) {
  const [target, modes, ...values] = message.params;
  const room = session.known(target);
  if (room === undefined || !isChannel(target)) return;
  let sign = "+";
  const shown = values.join(" ");
  for (const letter of modes) {
    if ("+-".includes(letter)) sign = letter;
    else if (letter === "o" || letter === "v") prefix(room, values.shift(), letter === "o" ? "@" : "+", sign === "+");
    else if (letter === "t") room.topicLocked = sign === "+";
    else if (letter === "k") room.key = sign === "+" ? (values.shift() ?? "") : (values.shift(), "");
    else if (letter === "b" || (letter === "l" && sign === "+")) values.shift();
  }
  event(session, message, room, `${message.nick} set ${modes} ${shown}`.trim());
  session.view.membersChanged(room);
  session.view.topicChanged(room);
}

function prefix(room, nick, sign, given) {
  const member = nick === undefined ? undefined : room.member(nick);
  if (member === undefined) return;
  const others = member.prefixes.replace(sign, "");
  const prefixes = !given ? others : sign === "@" ? sign + others : others + sign;
  room.setMember(member.nick, { prefixes });
}

function ownAway(session, message, away) {
  session.away = away;
  setAway(session, session.nick, away);
  event(session, message, session.current, message.params.at(-1));
  session.view.stateChanged(session.state);
}

function setAway(session, nick, away) {
  for (const room of session.rooms.values()) {
    if (room.member(nick) === undefined) continue;
    room.setMember(room.member(nick).nick, { away });
    session.view.membersChanged(room);
  }
}

function topic(session, channel, text) {
  const room = session.known(channel);
  if (room === undefined) return;
  room.topic = text;
  session.view.topicChanged(room);
}

/** FAIL, WARN and NOTE say for people what they mean at their end (IRCv3 standard replies). */
function complaint(session, message) {
  const room = message.params.map((param) => session.known(param)).find((room) => room !== undefined && room.name !== "");
  if (message.params[0] === "CHATHISTORY" && message.command === "FAIL") session.history.failed();
  session.add(room ?? session.current, session.line({ kind: "error", text: message.params.at(-1) }));
}

/** Any other number: errors and answers are shown where they were asked for, what greets us in the server's room. */
function numeric(session, message) {
  const number = Number(message.command);
  const [, ...rest] = message.params;
  const greeting = number < 6 || (number >= 250 && number < 270) || (number >= 371 && number < 377) || number === 422;
  const kind = number >= 400 && number < 600 && number !== 422 ? "error" : "event";
  const about = rest.length > 1 && isChannel(rest[0]) ? session.known(rest[0]) : undefined;
  const room = greeting ? session.server : (about ?? session.current);
  if (number >= 471 && number <= 475) session.opening.delete(fold(rest[0]));
  session.add(room, session.line({ at: time(message.tags), kind, text: rest.join(" ") }));
}

function event(session, message, room, text) {
  session.add(room, session.line({ at: time(message.tags), text }));
}

function isMine(session, message) {
  return session.isMe(message.nick);
}

/** When the server says that it was. */
function time(tags) {
  const at = Date.parse(tags?.get("time") ?? "");
  return Number.isNaN(at) ? Date.now() : at;
}
