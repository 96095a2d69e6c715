// Node's EventEmitter: how long it takes to emit so many events to so many listeners, in nanoseconds.
'use strict';
const EventEmitter = require('node:events');

const [events, count] = process.argv.slice(2).map(Number);

function measure(events) {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const listeners = Array.from({ length: count }, () => ({ heard: 0, sum: 0 }));
  for (const listener of listeners) {
    emitter.on('event', (n) => {
      listener.heard += 1;
      listener.sum += n;
    });
  }
  const start = process.hrtime.bigint();
  for (let n = 0; n < events; n += 1) {
    emitter.emit('event', n);
  }
  const elapsed = process.hrtime.bigint() - start;
  if (listeners.some(({ heard }) => heard !== events)) {
    throw new Error('a listener has missed an event');
  }
  return elapsed;
}

// Compiled before it is measured.
measure(Math.min(events, 10_000));
console.log(measure(events).toString());
