// Node's side of the benchmark `streams`; started by src/flow/node.rs.
//
// A stream for each part; in the form `fused`, one for `map` and `filter` together. The methods that streams share with
// iterators (`Readable.from(…).map(…).filter(…).reduce(…)`) do the same in some seventeen times the time.
// Usage: node streams.mjs FORM ITEMS. Prints the nanoseconds from the start of the flow to its result, and the result.
// The functions are those of src/flow/mod.rs.

import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const WARM_UP_ITEMS = 100_000; // lets the compiler see all of it

const change = (item) => Math.imul(item, 0x9e3779b1);
const keep = (item) => (item & 1) === 0;

function* numbers(items) {
  for (let item = 0; item < items; item++) yield item;
}

const map = (item, _, done) => done(null, change(item));

const filter = (item, _, done) => {
  if (keep(item)) done(null, item);
  else done();
};

const mapAndFilter = (item, _, done) => filter(change(item), _, done);

const FORMS = { fused: [mapAndFilter], boundary: [map, filter] };

async function carry(form, items) {
  let gathered = 0;
  const stages = FORMS[form].map((transform) => new Transform({ objectMode: true, transform }));
  const fold = new Writable({
    objectMode: true,
    write(item, _, done) {
      gathered ^= item;
      done();
    },
  });
  await pipeline(Readable.from(numbers(items)), ...stages, fold);
  return gathered >>> 0;
}

const [form, items] = process.argv.slice(2);
await carry(form, Math.min(Number(items), WARM_UP_ITEMS));
const begun = process.hrtime.bigint();
const gathered = await carry(form, Number(items));
console.log(`${process.hrtime.bigint() - begun} ${gathered}`);
