package comfy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ReadWebP returns the texts "key:text" that the first EXIF directory of a WebP file holds, such as "workflow:{…}" under the camera maker.
// A file without EXIF has none; EXIF that cannot be read is left out with a warning.
// RIFF: https://developers.google.com/speed/webp/docs/riff_container.
func ReadWebP(data []byte) ([]Text, []Warning, error) {
	var texts []Text
	var warnings []Warning
	warn := func(text string) { warnings = append(warnings, Warning{Text: text}) }
	rest := data[min(len(data), len("RIFF....WEBP")):]
	for len(rest) > 0 {
		if len(rest) < 8 {
			warn("the WebP file is cut off")
			break
		}
		kind, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if size > uint64(len(rest)) {
			warn("the WebP file is cut off")
			break
		}
		body := rest[:size]
		rest = rest[min(uint64(len(rest)), size+size%2):] // chunks are padded to even sizes
		if kind != "EXIF" {
			continue
		}
		values, err := exifTexts(body)
		if err != nil {
			warn(fmt.Sprintf("the EXIF data were left out: %v", err))
		}
		texts = append(texts, values...)
	}
	return texts, warnings, nil
}

var errEXIF = errors.New("not a TIFF header and directory")

// exifTexts reads the ASCII entries of the first directory, in the order of their tags. EXIF 2.32, 4.6.2; TIFF 6.0, section 2.
func exifTexts(data []byte) ([]Text, error) {
	data = bytes.TrimPrefix(data, []byte("Exif\x00\x00"))
	if len(data) < 8 {
		return nil, errEXIF
	}
	var order binary.ByteOrder
	switch string(data[:2]) {
	case "MM":
		order = binary.BigEndian
	case "II":
		order = binary.LittleEndian
	default:
		return nil, errEXIF
	}
	at := uint64(order.Uint32(data[4:]))
	if order.Uint16(data[2:]) != 42 || at+2 > uint64(len(data)) {
		return nil, errEXIF
	}
	const (
		entrySize = 12
		ascii     = 2
	)
	count := uint64(order.Uint16(data[at:]))
	if at += 2; at+count*entrySize > uint64(len(data)) {
		return nil, fmt.Errorf("%w: %d entries do not fit into %d bytes", errEXIF, count, len(data))
	}
	type value struct {
		tag  uint16
		text Text
	}
	var values []value
	total := uint64(0) // entries may all point to the same bytes
	for ; count > 0; count-- {
		entry := data[at : at+entrySize]
		at += entrySize
		if order.Uint16(entry[2:]) != ascii {
			continue
		}
		size := uint64(order.Uint32(entry[4:]))
		text := entry[8:]
		if size <= 4 {
			text = text[:size]
		} else {
			start := uint64(order.Uint32(text))
			if start+size > uint64(len(data)) {
				return nil, fmt.Errorf("%w: a text of %d bytes at %d does not fit into %d", errEXIF, size, start, len(data))
			}
			text = data[start : start+size]
		}
		if total += size; total > maxTexts {
			return nil, errTooMuchText
		}
		key, rest, ok := strings.Cut(string(latin1(bytes.TrimRight(text, "\x00"))), ":")
		if ok {
			values = append(values, value{order.Uint16(entry), Text{strings.ToLower(key), rest}})
		}
	}
	// Where two entries have one key, the later tag counts.
	slices.SortStableFunc(values, func(a, b value) int { return int(a.tag) - int(b.tag) })
	texts := make([]Text, len(values))
	for i, v := range values {
		texts[i] = v.text
	}
	return texts, nil
}
