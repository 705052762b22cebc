package imaging

import (
	"bytes"
	"fmt"
	"image/gif"
)

// decodeGIF decodes every frame and lays it over the ones before, as a player shows them.
func decodeGIF(data []byte, limits Limits) ([]Frame, error) {
	config, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	// The decoder makes all frames before we see one, so they are counted first.
	if err := limits.check(config.Width, config.Height, max(1, countGIFFrames(data))); err != nil {
		return nil, err
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(g.Image) == 0 {
		return nil, fmt.Errorf("%w: GIF without a frame", ErrFormat)
	}

	w, h := g.Config.Width, g.Config.Height
	canvas := make([]uint8, w*h*4)
	frames := make([]Frame, 0, len(g.Image))
	for i, img := range g.Image {
		var restore []uint8
		if g.Disposal[i] == gif.DisposalPrevious {
			restore = bytes.Clone(canvas)
		}
		part, at := frameOf(img, jfif), img.Bounds()
		eachPixel(at.Min.X, at.Min.Y, part, w, h, func(dst, src int) {
			if part.Pixels[src+3] != 0 {
				copy(canvas[dst:dst+4], part.Pixels[src:])
			}
		})
		frames = append(frames, Frame{Width: w, Height: h, Pixels: bytes.Clone(canvas), Alpha: alphaOf(canvas)})
		switch g.Disposal[i] {
		case gif.DisposalBackground:
			eachPixel(at.Min.X, at.Min.Y, part, w, h, func(dst, _ int) { clear(canvas[dst : dst+4]) })
		case gif.DisposalPrevious:
			canvas = restore
		}
	}
	return frames, nil
}

// eachPixel calls f with the offsets of the pixels of part, placed at (left, top), that lie on a canvas of w x h.
func eachPixel(left, top int, part Frame, w, h int, f func(dst, src int)) {
	for y := max(0, -top); y < part.Height && top+y < h; y++ {
		for x := max(0, -left); x < part.Width && left+x < w; x++ {
			f(((top+y)*w+left+x)*4, (y*part.Width+x)*4)
		}
	}
}

// alphaOf is AlphaChannel when a pixel is not opaque.
func alphaOf(px []uint8) AlphaKind {
	for i := 3; i < len(px); i += 4 {
		if px[i] != 255 {
			return AlphaChannel
		}
	}
	return Opaque
}

// countGIFFrames counts image descriptors without decoding; a broken file gives the number up to the break.
func countGIFFrames(data []byte) int {
	const extension, descriptor = 0x21, 0x2c
	if len(data) < 13 {
		return 0
	}
	at := 13 + colorTable(data[10])
	skipBlocks := func() {
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	for count := 0; ; {
		if at >= len(data) {
			return count
		}
		switch data[at] {
		case extension:
			at += 2
			skipBlocks()
		case descriptor:
			if at+10 > len(data) {
				return count
			}
			count++
			at += 10 + colorTable(data[at+9]) + 1
			skipBlocks()
		default:
			return count
		}
	}
}

// colorTable is the size in bytes of the colour table that a flags byte announces.
func colorTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}
