// The modules as text, and back.

/** Undoes xtask/src/npm.rs: `!` and `~` lift the character that follows; the backslash is left out. */
export function decode(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let lift = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 33) lift = 90;
    else if (code === 126) lift = 173;
    else {
      bytes[length++] = code - (code > 92 ? 36 : 35) + lift;
      lift = 0;
    }
  }
  return bytes.subarray(0, length);
}
