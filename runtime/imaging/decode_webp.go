package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// riffChunk is a piece of a WebP file.
type riffChunk struct {
	kind string
	body []byte
}

// webpChunks splits a WebP file; a cut-off chunk ends the list, the decoder will say what is wrong.
func webpChunks(data []byte) []riffChunk {
	const header = 12 // RIFF, size, WEBP
	if len(data) < header {
		return nil
	}
	return riffChunks(data[header:])
}

func riffChunks(data []byte) []riffChunk {
	var list []riffChunk
	for len(data) >= 8 {
		size := int64(binary.LittleEndian.Uint32(data[4:]))
		if size > int64(len(data)-8) {
			break
		}
		list = append(list, riffChunk{string(data[:4]), data[8 : 8+size]})
		data = data[min(8+size+size%2, int64(len(data))):]
	}
	return list
}

// firstBody is the body of the first chunk of a kind, nil where there is none.
func firstBody(list []riffChunk, kind string) []byte {
	for _, c := range list {
		if c.kind == kind {
			return c.body
		}
	}
	return nil
}

// webpAlpha reports whether the first chunk announces alpha: lossless files have a bit for it after the 28 bits of the size,
// extended ones a flag.
func webpAlpha(list []riffChunk) bool {
	const flag = 0x10
	if len(list) == 0 || len(list[0].body) < 5 {
		return false
	}
	switch first := list[0]; first.kind {
	case "VP8L":
		return first.body[4]&flag != 0
	case "VP8X":
		return first.body[0]&flag != 0
	}
	return false
}

// webpFrame is a frame of an animation; its chunks are a picture of their own.
type webpFrame struct {
	left, top, width, height int
	toBackground             bool // clear its place afterwards
	replace                  bool // instead of blending
	chunks                   []byte
}

func webpFrames(list []riffChunk) []webpFrame {
	var frames []webpFrame
	for _, c := range list {
		if c.kind != "ANMF" || len(c.body) < 16 {
			continue
		}
		u24 := func(at int) int { return int(c.body[at]) | int(c.body[at+1])<<8 | int(c.body[at+2])<<16 }
		frames = append(frames, webpFrame{
			left: 2 * u24(0), top: 2 * u24(3), width: u24(6) + 1, height: u24(9) + 1,
			toBackground: c.body[15]&1 != 0, replace: c.body[15]&2 != 0, chunks: c.body[16:],
		})
	}
	return frames
}

// decodeWebPFrames decodes every frame as a still picture and lays it over the ones before. The background is transparent, or
// black where the file has no alpha.
func decodeWebPFrames(list []webpFrame, w, h int, alpha bool, limits Limits) ([]Frame, error) {
	if err := limits.check(w, h, len(list)); err != nil {
		return nil, err
	}
	kind := Opaque
	if alpha {
		kind = AlphaChannel
	}
	canvas := make([]uint8, w*h*4)
	var frames []Frame
	for i, f := range list {
		if f.left+f.width > w || f.top+f.height > h {
			return nil, fmt.Errorf("%w: frame %d of %dx%d at (%d,%d) lies outside the animation", ErrFormat, i, f.width, f.height, f.left, f.top)
		}
		part, err := decodeStill(f.still())
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", i, err)
		}
		if part[0].Width != f.width || part[0].Height != f.height {
			return nil, fmt.Errorf("%w: frame %d is %dx%d, announced as %dx%d", ErrFormat, i, part[0].Width, part[0].Height, f.width, f.height)
		}
		eachPixel(f.left, f.top, part[0], w, h, func(dst, src int) {
			if px := part[0].Pixels[src : src+4]; f.replace {
				copy(canvas[dst:dst+4], px)
			} else {
				over(canvas[dst:dst+4], px)
			}
		})
		shown := Frame{Width: w, Height: h, Pixels: bytes.Clone(canvas), Alpha: kind}
		if !alpha {
			for p := 3; p < len(shown.Pixels); p += 4 {
				shown.Pixels[p] = 255
			}
		}
		frames = append(frames, shown)
		if f.toBackground {
			eachPixel(f.left, f.top, part[0], w, h, func(dst, _ int) { clear(canvas[dst : dst+4]) })
		}
	}
	return frames, nil
}

// still is a WebP file with one frame; with alpha beside lossy pixels it needs the extended header.
func (f webpFrame) still() []byte {
	body := []byte("WEBP")
	if firstBody(riffChunks(f.chunks), "ALPH") != nil {
		const alphaFlag = 0x10
		w, h := f.width-1, f.height-1
		body = append(body, "VP8X\x0a\x00\x00\x00"...)
		body = append(body, alphaFlag, 0, 0, 0, byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	}
	body = append(body, f.chunks...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}
