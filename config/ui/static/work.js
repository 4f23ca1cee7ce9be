// Finds a number whose SHA-256, together with the token, begins with so many zero bits. Runs beside the page.
// Written out, because crypto.subtle is missing where a page comes without HTTPS.
"use strict";
const ROUNDS = new Uint32Array(64), START = new Uint32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate += 1) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) isPrime = false;
  if (!isPrime) continue;
  if (found < 8) START[found] = (Math.sqrt(candidate) % 1) * 2 ** 32;
  ROUNDS[found] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  found += 1;
}
const turn = (word, by) => (word >>> by) | (word << (32 - by));
const schedule = new Uint32Array(64);

const sha256 = (bytes) => {
  const size = ((bytes.length + 72) >> 6) << 6, padded = new Uint8Array(size), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 128;
  view.setUint32(size - 4, bytes.length * 8);
  const hash = START.slice();
  for (let at = 0; at < size; at += 64) {
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) { schedule[i] = view.getUint32(at + i * 4); continue; }
      const x = schedule[i - 15], y = schedule[i - 2];
      schedule[i] = schedule[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + schedule[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + schedule[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { hash[i] += word; });
  }
  return hash;
};

onmessage = ({ data: { token, bits } }) => {
  const encoder = new TextEncoder();
  for (let nonce = 0; ; nonce += 1) {
    const hash = sha256(encoder.encode(`${token}:${nonce}`));
    if (hash[0] >>> (32 - bits) === 0) { postMessage(String(nonce)); return; }
  }
};
