// The API counts Unicode code points, JavaScript counts UTF-16 units: an emoji is 1 there and 2 here.

// A function from code points to UTF-16 offsets of `text`.
export function toUtf16(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (offset) => Math.min(offset, text.length);
  const starts = [];
  for (let i = 0; i < text.length; i += text.codePointAt(i) > 0xffff ? 2 : 1) starts.push(i);
  starts.push(text.length);
  return (offset) => starts[Math.min(offset, starts.length - 1)];
}

export function sliceCodePoints(text, start, end) {
  const at = toUtf16(text);
  return text.slice(at(start), at(end));
}
