package imaging

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// EncodeAPNG writes pictures [H,W,C] of one shape as an animated PNG that repeats for ever, each shown for delay milliseconds.
// Texts go into private chunks "comf" after the pixels: key, NUL, value. One picture makes a plain PNG.
func EncodeAPNG(w io.Writer, pictures []*tensor.Tensor, delay int, o PNGOptions) error {
	if len(pictures) == 0 {
		return fmt.Errorf("animated PNG without a picture: %w", tensor.ErrShape)
	}
	first := pictures[0]
	colorType, err := pngColorType(first)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := writeHeader(out, first.Shape[1], first.Shape[0], colorType); err != nil {
		return err
	}
	if len(pictures) > 1 {
		control := binary.BigEndian.AppendUint32(nil, uint32(len(pictures)))
		if err := writeChunk(out, "acTL", append(control, 0, 0, 0, 0)); err != nil { // 0: for ever
			return err
		}
	}
	var sequence uint32
	number := func() uint32 { sequence++; return sequence - 1 }
	for i, picture := range pictures {
		if !slices.Equal(picture.Shape, first.Shape) {
			return fmt.Errorf("animated PNG: picture %d has shape %v, the first %v: %w", i, picture.Shape, first.Shape, tensor.ErrShape)
		}
		if len(pictures) > 1 {
			if err := writeChunk(out, "fcTL", frameControl(number(), first, delay)); err != nil {
				return err
			}
		}
		chunks := chunkWriter{w: out, kind: "IDAT"}
		if i > 0 {
			chunks = chunkWriter{w: out, kind: "fdAT", number: number}
		}
		if err := writePixels(chunks, picture, o.Level); err != nil {
			return err
		}
	}
	for _, text := range o.Texts {
		key, ok := latin1(text.Key)
		if !ok || len(key) == 0 {
			return fmt.Errorf("picture text %q: the key must have Latin-1 characters only", text.Key)
		}
		if err := writeChunk(out, "comf", append(append(key, 0), text.Value...)); err != nil {
			return err
		}
	}
	if err := writeChunk(out, "IEND", nil); err != nil {
		return err
	}
	return out.Flush()
}

// frameControl is the body of fcTL for a frame that covers all and replaces what was before.
func frameControl(number uint32, picture *tensor.Tensor, delay int) []byte {
	var b []byte
	for _, v := range []uint32{number, uint32(picture.Shape[1]), uint32(picture.Shape[0]), 0, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(min(max(delay, 0), 1<<16-1)))
	b = binary.BigEndian.AppendUint16(b, 1000)
	return append(b, 0, 0) // dispose none, blend source
}

// apngFrame is a frame as the file has it.
type apngFrame struct {
	width, height, left, top uint32
	dispose, blend           byte
	data                     []byte // compressed rows
}

const (
	disposeBackground = 1
	disposePrevious   = 2
	blendOver         = 1
)

// decodeAPNG decodes every frame as a still picture of its own size and lays it over the ones before. A default picture that
// is not part of the animation comes first, as Pillow shows it.
func decodeAPNG(data []byte, info pngInfo, limits Limits) ([]Frame, error) {
	width, height := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	list := info.frames
	if !info.defaultIsFrame {
		list = append([]apngFrame{{width: width, height: height, data: info.pixels}}, list...)
	}
	if err := limits.check(int(width), int(height), len(list)); err != nil {
		return nil, err
	}
	w, h := int(width), int(height)
	canvas := make([]uint8, w*h*4)
	if info.kind() == Opaque {
		for i := 3; i < len(canvas); i += 4 {
			canvas[i] = 255
		}
	}
	var frames []Frame
	for i, f := range list {
		if f.width < 1 || f.height < 1 || uint64(f.left)+uint64(f.width) > uint64(width) || uint64(f.top)+uint64(f.height) > uint64(height) {
			return nil, fmt.Errorf("%w: frame %d of %dx%d at (%d,%d) lies outside the animation", ErrFormat, i, f.width, f.height, f.left, f.top)
		}
		part, err := decodePNG(info.still(data, f), info)
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", i, err)
		}
		before := bytes.Clone(canvas)
		eachPixel(int(f.left), int(f.top), part[0], w, h, func(dst, src int) {
			px := part[0].Pixels[src : src+4]
			if f.blend == blendOver {
				over(canvas[dst:dst+4], px)
			} else {
				copy(canvas[dst:dst+4], px)
			}
		})
		frames = append(frames, Frame{Width: w, Height: h, Pixels: bytes.Clone(canvas), Alpha: info.kind()})
		switch f.dispose {
		case disposeBackground:
			eachPixel(int(f.left), int(f.top), part[0], w, h, func(dst, _ int) { clear(canvas[dst : dst+4]) })
		case disposePrevious:
			canvas = before
		}
	}
	return frames, nil
}

// over lays a pixel over another; colours are not premultiplied.
func over(dst, src []uint8) {
	sa, da := int(src[3]), int(dst[3])
	total := sa*255 + da*(255-sa) // alpha times 255
	if total == 0 {
		clear(dst)
		return
	}
	for k := range 3 {
		dst[k] = uint8((int(src[k])*sa*255 + int(dst[k])*da*(255-sa) + total/2) / total)
	}
	dst[3] = uint8((total + 127) / 255)
}

// still is a PNG file with the pixels of one frame.
func (p pngInfo) still(data []byte, f apngFrame) []byte {
	const headerBody = len(pngSignature) + 8
	var b bytes.Buffer
	b.WriteString(pngSignature)
	header := bytes.Clone(data[headerBody : headerBody+13])
	binary.BigEndian.PutUint32(header, f.width)
	binary.BigEndian.PutUint32(header[4:], f.height)
	// Writes to a buffer do not fail.
	_ = writeChunk(&b, "IHDR", header)
	for _, c := range p.colors {
		_ = writeChunk(&b, c.kind, c.body)
	}
	_ = writeChunk(&b, "IDAT", f.data)
	_ = writeChunk(&b, "IEND", nil)
	return b.Bytes()
}
