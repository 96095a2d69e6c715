// Node's side of the benchmark `files`; started by src/file/server.rs.
//
// Usage: node server.mjs JOB FROM TO. Announces its port; a client gets the file, or the digest of its copy.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const [job, from, to] = process.argv.slice(2);

const through = (look) =>
  new Transform({
    transform(chunk, _, done) {
      look(chunk);
      done(null, chunk);
    },
  });

const JOBS = {
  straight: (client) => pipeline(createReadStream(from), client),
  staged: (client) => pipeline(createReadStream(from), through(() => {}), client),
  async hashed(client) {
    const hash = createHash('sha3-256');
    await pipeline(createReadStream(from), through((chunk) => hash.update(chunk)), createWriteStream(to));
    client.end(hash.digest());
  },
};

const server = createServer((client) => {
  // A client that goes is not the end of the server.
  JOBS[job](client).catch(() => client.destroy());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
