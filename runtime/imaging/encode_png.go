package imaging

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Text is one text that travels in a picture file, such as the workflow that made it.
type Text struct{ Key, Value string }

// PNGOptions says how EncodePNG writes; the zero value is level 0, stored, without texts.
type PNGOptions struct {
	Level int    // of zlib, 0…9
	Texts []Text // written in this order before the pixels
}

// EncodePNG writes one picture [H,W,C] (1 grey, 3 RGB, 4 RGBA) with values 0…1 as an 8-bit PNG. Levels are 255·v, clipped,
// fraction dropped. Rows are filtered and compressed as they are made; nothing of the size of the file is held.
func EncodePNG(w io.Writer, picture *tensor.Tensor, o PNGOptions) error {
	colorType, err := pngColorType(picture)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := writeHeader(out, picture.Shape[1], picture.Shape[0], colorType); err != nil {
		return err
	}
	for _, text := range o.Texts {
		if err := writeText(out, text); err != nil {
			return err
		}
	}
	if err := writePixels(chunkWriter{w: out, kind: "IDAT"}, picture, o.Level); err != nil {
		return err
	}
	if err := writeChunk(out, "IEND", nil); err != nil {
		return err
	}
	return out.Flush()
}

// writeHeader writes the signature and IHDR.
func writeHeader(w io.Writer, width, height int, colorType byte) error {
	if _, err := io.WriteString(w, pngSignature); err != nil {
		return err
	}
	var header []byte
	header = binary.BigEndian.AppendUint32(header, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, 8, colorType, 0, 0, 0) // bits per channel, …, deflate, adaptive filters, not interlaced
	return writeChunk(w, "IHDR", header)
}

func pngColorType(picture *tensor.Tensor) (byte, error) {
	types := map[int]byte{1: 0, 3: 2, 4: 6}
	if len(picture.Shape) == 3 && picture.Len() > 0 && picture.Shape[0] <= MaxSide && picture.Shape[1] <= MaxSide {
		if t, ok := types[picture.Shape[2]]; ok {
			return t, nil
		}
	}
	return 0, fmt.Errorf("a picture of shape %v cannot be written as PNG; it needs height, width and 1, 3 or 4 channels: %w",
		picture.Shape, tensor.ErrShape)
}

// writeChunk writes length, kind, body and checksum.
func writeChunk(w io.Writer, kind string, body []byte) error {
	head := binary.BigEndian.AppendUint32(make([]byte, 0, 8), uint32(len(body)))
	head = append(head, kind...)
	sum := crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, body)
	for _, part := range [][]byte{head, body, binary.BigEndian.AppendUint32(nil, sum)} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// writeText writes a tEXt chunk, or iTXt when the value goes beyond Latin-1.
func writeText(w io.Writer, text Text) error {
	key, ok := latin1(text.Key)
	if !ok || len(key) < 1 || len(key) > 79 {
		return fmt.Errorf("picture text %q: the key must have 1 to 79 Latin-1 characters", text.Key)
	}
	body := append(key, 0)
	if value, ok := latin1(text.Value); ok {
		return writeChunk(w, "tEXt", append(body, value...))
	}
	// Not compressed (flag, method), no language, no translated key.
	body = append(body, 0, 0, 0, 0)
	return writeChunk(w, "iTXt", append(body, text.Value...))
}

// latin1 encodes s, or reports that it cannot. NUL ends a field and cannot be part of one.
func latin1(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r == 0 || r > 0xff || r == utf8.RuneError {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// chunkWriter makes a chunk of what it gets with each call.
type chunkWriter struct {
	w      io.Writer
	kind   string
	number func() uint32 // put before the body, as fdAT wants it; nil for none
}

func (c chunkWriter) Write(p []byte) (int, error) {
	body := p
	if c.number != nil {
		body = append(binary.BigEndian.AppendUint32(nil, c.number()), p...)
	}
	if err := writeChunk(c.w, c.kind, body); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writePixels filters and compresses a picture [H,W,C] into chunks.
func writePixels(w chunkWriter, picture *tensor.Tensor, level int) error {
	height, channels := picture.Shape[0], picture.Shape[2]
	stride := picture.Shape[1] * channels
	chunks := bufio.NewWriterSize(w, 1<<16)
	z, err := zlib.NewWriterLevel(chunks, level)
	if err != nil {
		return fmt.Errorf("png compression level %d: use 0 to 9", level)
	}
	above := make([]uint8, stride)
	f := newRowFilter(stride, channels)
	for y := range height {
		row := Bytes(picture.Data[y*stride : (y+1)*stride])
		if _, err := z.Write(f.best(row, above)); err != nil {
			return err
		}
		above = row
	}
	if err := z.Close(); err != nil {
		return err
	}
	return chunks.Flush()
}

// rowFilter tries the five PNG filters on a row.
type rowFilter struct {
	channels int
	try      [5][]uint8 // filter number, then the filtered row
}

func newRowFilter(stride, channels int) *rowFilter {
	f := &rowFilter{channels: channels}
	for i := range f.try {
		f.try[i] = make([]uint8, stride+1)
		f.try[i][0] = uint8(i)
	}
	return f
}

// best gives the filtered row whose bytes, taken as signed, have the smallest sum of absolute values: the heuristic of
// the PNG specification (12.8).
func (f *rowFilter) best(row, above []uint8) []uint8 {
	bpp := f.channels
	none, sub, up, average, paeth := f.try[0][1:], f.try[1][1:], f.try[2][1:], f.try[3][1:], f.try[4][1:]
	copy(none, row)
	for i, v := range row {
		var left, corner uint8
		if i >= bpp {
			left, corner = row[i-bpp], above[i-bpp]
		}
		sub[i] = v - left
		up[i] = v - above[i]
		average[i] = v - uint8((int(left)+int(above[i]))/2)
		paeth[i] = v - predict(left, above[i], corner)
	}
	best, least := 0, int(^uint(0)>>1)
	for i := range f.try {
		sum := 0
		for _, v := range f.try[i][1:] {
			d := int(int8(v))
			sum += max(d, -d)
		}
		if sum < least {
			best, least = i, sum
		}
	}
	return f.try[best]
}

// predict is the Paeth predictor: of left, above and corner the one nearest to left + above - corner.
func predict(left, above, corner uint8) uint8 {
	p := int(left) + int(above) - int(corner)
	a, b, c := abs(p-int(left)), abs(p-int(above)), abs(p-int(corner))
	switch {
	case a <= b && a <= c:
		return left
	case b <= c:
		return above
	}
	return corner
}

func abs(v int) int { return max(v, -v) }
