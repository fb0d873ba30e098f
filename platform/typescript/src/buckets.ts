/**
 * Who falls into which bucket: the hashes that a rule may name, each for life.
 * MurmurHash3 x86 32 with seed 0 (Austin Appleby's public-domain algorithm) of the value, cut in one of three ways.
 */

import { isObject } from "./values.js";

export type Bucket = (value: unknown, total: number) => number | null;
export const DEFAULT_HASH = "murmur3-cbor";
const encoder = new TextEncoder();

export function murmur3(bytes: Uint8Array): number {
  let hash = 0;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const block =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash ^= mixed(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | (bytes[at] ?? 0);
  if (bytes.length > whole) hash ^= mixed(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixed(block: number): number {
  const turned = Math.imul(block, 0xcc9e2d51);
  return Math.imul((turned << 15) | (turned >>> 17), 0x1b873593);
}

/** (hash * total) >> 32, exact for every total below 2^31. */
function cut(hash: number, total: number): number {
  if (total < 2 ** 21) return Math.floor((hash * total) / 2 ** 32);
  return Number((BigInt(hash) * BigInt(total)) >> 32n);
}

function byCbor(value: unknown, total: number): number | null {
  if (value === null || value === undefined) return null;
  const bytes = cbor(value);
  return bytes && cut(murmur3(bytes), total);
}

function byUtf8(value: unknown, total: number): number | null {
  const bytes = joined(value);
  return bytes && cut(murmur3(bytes), total);
}

function byPercent(value: unknown, total: number): number | null {
  const bytes = joined(value);
  if (!bytes) return null;
  const share = Math.min(Math.abs(murmur3(bytes) | 0) / 0x7fffffff, 1);
  return Math.min(Math.trunc(share * total), total - 1);
}

/** Text as bytes; a list (rule and targeting key, the short form) is put together. */
function joined(value: unknown): Uint8Array | null {
  const all = Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join("") : value;
  return typeof all === "string" && all.isWellFormed() ? encoder.encode(all) : null;
}

export const HASHES: Readonly<Record<string, Bucket>> = {
  "murmur3-cbor": byCbor,
  "murmur3-utf8": byUtf8,
  "murmur3-percent": byPercent,
};

/** Canonical CBOR of a JSON value (RFC 8949, 4.2.1, keys length first); null for half a surrogate pair. */
export function cbor(value: unknown): Uint8Array | null {
  const parts: Uint8Array[] = [];
  if (!write(value, parts)) return null;
  return concat(parts);
}

function concat(parts: Uint8Array[]): Uint8Array {
  const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

function write(value: unknown, parts: Uint8Array[]): boolean {
  if (value === null || value === undefined || typeof value === "boolean") {
    parts.push(Uint8Array.of(value === true ? 0xf5 : value === false ? 0xf4 : 0xf6));
    return true;
  }
  if (typeof value === "number") {
    parts.push(ofNumber(value));
    return true;
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) return false;
    const bytes = encoder.encode(value);
    parts.push(head(3, BigInt(bytes.length)), bytes);
    return true;
  }
  if (Array.isArray(value)) {
    parts.push(head(4, BigInt(value.length)));
    return value.every((one) => write(one, parts));
  }
  return isObject(value) && writeObject(value, parts);
}

function writeObject(value: Record<string, unknown>, parts: Uint8Array[]): boolean {
  const pairs: [Uint8Array, Uint8Array][] = [];
  for (const [key, one] of Object.entries(value)) {
    const name = cbor(key);
    const inner = cbor(one);
    if (!name || !inner) return false;
    pairs.push([name, inner]);
  }
  pairs.sort(([a], [b]) => a.length - b.length || byBytes(a, b));
  parts.push(head(5, BigInt(pairs.length)), ...pairs.flat());
  return true;
}

function byBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference) return difference;
  }
  return 0;
}

function head(major: number, count: bigint): Uint8Array {
  if (count < 24n) return Uint8Array.of((major << 5) | Number(count));
  const size = count < 1n << 8n ? 1 : count < 1n << 16n ? 2 : count < 1n << 32n ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | (24 + Math.log2(size));
  for (let at = size, rest = count; at > 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  return bytes;
}

/** A number without a fraction is an integer where 64 bits hold it. */
function ofNumber(value: number): Uint8Array {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) {
    const whole = BigInt(value);
    return whole >= 0n ? head(0, whole) : head(1, -1n - whole);
  }
  if (Number.isNaN(value)) return Uint8Array.of(0xf9, 0x7e, 0x00);
  const half = halfOf(value);
  if (half !== null) return Uint8Array.of(0xf9, half >> 8, half & 0xff);
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  if (Math.fround(value) === value) {
    bytes[0] = 0xfa;
    view.setFloat32(1, value);
    return bytes.subarray(0, 5);
  }
  bytes[0] = 0xfb;
  view.setFloat64(1, value);
  return bytes;
}

/** The bits of a number as a 16-bit float; null when that is not exact. */
function halfOf(value: number): number | null {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size > 65504) return null;
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const fraction = size / 2 ** exponent;
  const bits = size < 2 ** -14 ? fraction * 1024 : (fraction - 1) * 1024;
  if (!Number.isInteger(bits)) return null;
  return sign | (size < 2 ** -14 ? bits : ((exponent + 15) << 10) | bits);
}
