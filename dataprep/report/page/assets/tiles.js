// Thumbnails: each is a WebP file of its own in one of the page's blocks, made into a picture when it is to be seen.

const BLOCK = 256; // as document.py has it
const KEPT = 2000; // pictures at once

function thumbnails(data) {
  const elements = document.getElementsByClassName("tiles");
  const made = new Map();
  const starts = new Uint32Array(data.rows);
  for (let row = 0; row < data.rows; row += 1) starts[row] = row % BLOCK ? starts[row - 1] + data.lengths[row - 1] : 0;

  // Four letters are three bytes, so that a picture is read without the rest of its block.
  function bytesOf(row) {
    const [start, end] = [starts[row], starts[row] + data.lengths[row]];
    const text = elements[Math.floor(row / BLOCK)].textContent.slice(4 * Math.floor(start / 3), 4 * Math.ceil(end / 3));
    return binary(text).subarray(start % 3, (start % 3) + data.lengths[row]);
  }

  // The address of the image's picture, or null when it cannot be decoded.
  return function source(row) {
    if (!data.lengths[row]) return null;
    let address = made.get(row);
    if (address) made.delete(row); // and in again behind the others
    else address = URL.createObjectURL(new Blob([bytesOf(row)], { type: "image/webp" }));
    made.set(row, address);
    if (made.size > KEPT) {
      const [oldest, old] = made.entries().next().value;
      URL.revokeObjectURL(old);
      made.delete(oldest);
    }
    return address;
  };
}

// A picture, or what stands for one that cannot be decoded.
function pictureOf(row, view, text) {
  const address = view.source(row);
  if (address === null) return make("span", { className: "broken", role: "img", ariaLabel: text, textContent: "cannot be decoded" });
  const picture = make("img", { src: address, alt: text, decoding: "async", draggable: false });
  picture.onload = () => picture.classList.toggle("small", Math.max(picture.naturalWidth, picture.naturalHeight) < 100);
  return picture;
}
