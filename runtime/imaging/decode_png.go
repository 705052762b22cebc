package imaging

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// pngInfo is what the chunks of a PNG tell beyond the pixels.
type pngInfo struct {
	colorType    byte // of IHDR: bit 0 palette, bit 1 colour, bit 2 alpha
	transparency bool // tRNS is present
	exif         []byte

	// Of animations:
	colors         []pngChunk // PLTE and tRNS
	pixels         []byte     // all of IDAT
	frames         []apngFrame
	defaultIsFrame bool // IDAT is the first frame
}

type pngChunk struct {
	kind string
	body []byte
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngColorTypes that concern us.
const (
	pngPalette = 3
	pngAlpha   = 4 // bit
)

// kind says where alpha comes from. It follows from the header, because Go's decoder shows a colour key as an alpha channel.
func (p pngInfo) kind() AlphaKind {
	switch {
	case p.colorType&pngAlpha != 0, p.colorType == pngPalette && p.transparency:
		return AlphaChannel
	case p.transparency:
		return ColorKey
	}
	return Opaque
}

// readPNGInfo walks over the chunks; a cut-off file ends the walk, the decoder will say what is wrong with it.
func readPNGInfo(data []byte) (pngInfo, error) {
	var info pngInfo
	const header = len(pngSignature) + 8 + 13
	if len(data) < header {
		return info, fmt.Errorf("%w: PNG of %d bytes", ErrFormat, len(data))
	}
	info.colorType = data[len(pngSignature)+8+9]
	var animated, pixelsSeen bool
	for at := len(pngSignature); at+8 <= len(data); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		if size > int64(len(data)-at-12) {
			break
		}
		body := data[at+8 : at+8+int(size)]
		switch kind := string(data[at+4 : at+8]); kind {
		case "PLTE", "tRNS":
			info.transparency = info.transparency || kind == "tRNS"
			info.colors = append(info.colors, pngChunk{kind, body})
		case "eXIf":
			info.exif = body
		case "acTL":
			animated = true
		case "fcTL":
			if len(body) < 26 {
				return info, fmt.Errorf("%w: frame control of %d bytes", ErrFormat, len(body))
			}
			info.defaultIsFrame = info.defaultIsFrame || !pixelsSeen
			info.frames = append(info.frames, apngFrame{
				width: binary.BigEndian.Uint32(body[4:]), height: binary.BigEndian.Uint32(body[8:]),
				left: binary.BigEndian.Uint32(body[12:]), top: binary.BigEndian.Uint32(body[16:]),
				dispose: body[24], blend: body[25],
			})
		case "IDAT":
			pixelsSeen = true
			if animated { // acTL comes first; stills need no copy
				info.pixels = append(info.pixels, body...)
			}
		case "fdAT":
			if n := len(info.frames); n > 0 && len(body) >= 4 {
				info.frames[n-1].data = append(info.frames[n-1].data, body[4:]...)
			}
		}
		at += 12 + int(size)
	}
	if !animated {
		info.frames = nil
	}
	if info.defaultIsFrame && len(info.frames) > 0 {
		info.frames[0].data = info.pixels
	}
	// A frame without data is the end of a file that was cut off.
	if i := slices.IndexFunc(info.frames, func(f apngFrame) bool { return len(f.data) == 0 }); i >= 0 {
		info.frames = info.frames[:i]
	}
	return info, nil
}

// decodePNG decodes a still picture.
func decodePNG(data []byte, info pngInfo) ([]Frame, error) {
	frames, err := decodeStill(data)
	if err != nil {
		return nil, err
	}
	for i := range frames {
		frames[i].Alpha = info.kind()
	}
	return frames, nil
}
