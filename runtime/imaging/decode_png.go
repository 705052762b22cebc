package imaging

import (
	"encoding/binary"
	"fmt"
)

// pngInfo is what the chunks of a PNG tell beyond the pixels.
type pngInfo struct {
	colorType    byte // of IHDR: bit 0 palette, bit 1 colour, bit 2 alpha
	transparency bool // tRNS is present
	exif         []byte
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngColorTypes that concern us.
const (
	pngPalette = 3
	pngAlpha   = 4 // bit
)

// readPNGInfo walks over the chunks; a cut-off file ends the walk, the decoder will say what is wrong with it.
func readPNGInfo(data []byte) (pngInfo, error) {
	var info pngInfo
	const header = len(pngSignature) + 8 + 13
	if len(data) < header {
		return info, fmt.Errorf("%w: PNG of %d bytes", ErrFormat, len(data))
	}
	info.colorType = data[len(pngSignature)+8+9]
	for at := len(pngSignature); at+8 <= len(data); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		if size > int64(len(data)-at-12) {
			break
		}
		body := data[at+8 : at+8+int(size)]
		switch string(data[at+4 : at+8]) {
		case "tRNS":
			info.transparency = true
		case "eXIf":
			info.exif = body
		}
		at += 12 + int(size)
	}
	return info, nil
}

// decodePNG decodes the still picture. The kind of alpha follows from the header, because Go's decoder shows a colour key
// as an alpha channel.
func decodePNG(data []byte, info pngInfo) ([]Frame, error) {
	frames, err := decodeStill(data)
	if err != nil {
		return nil, err
	}
	for i := range frames {
		switch {
		case info.colorType&pngAlpha != 0, info.colorType == pngPalette && info.transparency:
			frames[i].Alpha = AlphaChannel
		case info.transparency:
			frames[i].Alpha = ColorKey
		default:
			frames[i].Alpha = Opaque
		}
	}
	return frames, nil
}
