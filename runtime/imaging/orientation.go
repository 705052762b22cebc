package imaging

import (
	"bytes"
	"encoding/binary"
)

// upright turns a frame by its EXIF orientation 1…8; other values leave it as it is.
func (f Frame) upright(orientation int) Frame {
	if orientation < 2 || orientation > 8 {
		return f
	}
	out := f
	if orientation >= 5 {
		out.Width, out.Height = f.Height, f.Width
	}
	out.Pixels = make([]uint8, len(f.Pixels))
	for y := range out.Height {
		for x := range out.Width {
			sx, sy := x, y
			switch orientation {
			case 2: // mirrored
				sx = f.Width - 1 - x
			case 3: // upside down
				sx, sy = f.Width-1-x, f.Height-1-y
			case 4: // mirrored upside down
				sy = f.Height - 1 - y
			case 5: // transposed
				sx, sy = y, x
			case 6: // lies on its left side
				sx, sy = y, f.Height-1-x
			case 7: // transposed on the other diagonal
				sx, sy = f.Width-1-y, f.Height-1-x
			case 8: // lies on its right side
				sx, sy = f.Width-1-y, x
			}
			copy(out.Pixels[(y*out.Width+x)*4:][:4], f.Pixels[(sy*f.Width+sx)*4:])
		}
	}
	return out
}

// exifOrientation reads tag 0x0112 of the first directory of an EXIF block (a TIFF header and what follows); 1 when the
// block is absent, broken or says nothing.
func exifOrientation(exif []byte) int {
	const tag, short = 0x0112, 3
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(exif[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return 1
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 1
}

// findEXIF is the EXIF block of a JPEG or TIFF file, nil where there is none.
func findEXIF(data []byte, format string) []byte {
	switch format {
	case "jpeg":
		return jpegEXIF(data)
	case "tiff":
		return data
	}
	return nil
}

// jpegEXIF looks through the segments before the picture data for APP1 with an EXIF header.
func jpegEXIF(data []byte) []byte {
	const app1, startOfScan = 0xe1, 0xda
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			return nil
		}
		marker := data[at+1]
		if marker == 0xff { // fill byte
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == startOfScan || size < 2 || at+2+size > len(data) {
			return nil
		}
		body := data[at+4 : at+2+size]
		if marker == app1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return body
		}
		at += 2 + size
	}
	return nil
}
