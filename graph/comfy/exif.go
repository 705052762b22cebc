package comfy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

var errEXIF = errors.New("not a TIFF header and directory")

// Tags and types of EXIF 2.32, 4.6.
const (
	tagDirectory = 0x8769 // the EXIF directory
	tagComment   = 0x9286 // UserComment
	typeASCII    = 2
	typeUndef    = 7
)

// exifTexts reads the ASCII entries "key:text" of the first directory, in the order of their tags, and the comment of the EXIF directory, which
// A1111 uses, under "parameters". EXIF 2.32, 4.6.2; TIFF 6.0, section 2.
func exifTexts(data []byte) ([]Text, error) {
	e := exifReader{data: bytes.TrimPrefix(data, []byte("Exif\x00\x00"))}
	if len(e.data) < 8 {
		return nil, errEXIF
	}
	switch string(e.data[:2]) {
	case "MM":
		e.order = binary.BigEndian
	case "II":
		e.order = binary.LittleEndian
	default:
		return nil, errEXIF
	}
	if e.order.Uint16(e.data[2:]) != 42 {
		return nil, errEXIF
	}
	entries, err := e.directory(uint64(e.order.Uint32(e.data[4:])))
	if err != nil {
		return nil, err
	}
	// Where two entries have one key, the later tag counts.
	slices.SortStableFunc(entries, func(a, b exifEntry) int { return int(a.tag) - int(b.tag) })
	var texts []Text
	for _, entry := range entries {
		switch {
		case entry.kind == typeASCII:
			value, err := e.value(entry)
			if err != nil {
				return nil, err
			}
			if key, text, ok := strings.Cut(string(latin1(bytes.TrimRight(value, "\x00"))), ":"); ok {
				texts = append(texts, Text{strings.ToLower(key), text})
			}
		case entry.tag == tagDirectory:
			text, err := e.comment(uint64(e.order.Uint32(entry.inline)))
			if err != nil {
				return texts, err
			}
			if text != "" {
				texts = append(texts, Text{"parameters", text})
			}
		}
	}
	return texts, nil
}

type exifReader struct {
	data  []byte
	order binary.ByteOrder
	total uint64 // bytes of values so far: entries may all point to the same
}

type exifEntry struct {
	tag, kind uint16
	size      uint64 // of the value, where its units are bytes
	inline    []byte // the value, or where it is
}

func (e *exifReader) directory(at uint64) ([]exifEntry, error) {
	const entrySize = 12
	if at+2 > uint64(len(e.data)) {
		return nil, errEXIF
	}
	count := uint64(e.order.Uint16(e.data[at:]))
	if at += 2; at+count*entrySize > uint64(len(e.data)) {
		return nil, fmt.Errorf("%w: %d entries do not fit into %d bytes", errEXIF, count, len(e.data))
	}
	entries := make([]exifEntry, count)
	for i := range entries {
		b := e.data[at : at+entrySize]
		at += entrySize
		entries[i] = exifEntry{e.order.Uint16(b), e.order.Uint16(b[2:]), uint64(e.order.Uint32(b[4:])), b[8:]}
	}
	return entries, nil
}

func (e *exifReader) value(entry exifEntry) ([]byte, error) {
	value := entry.inline
	if entry.size <= 4 {
		value = value[:entry.size]
	} else {
		start := uint64(e.order.Uint32(value))
		if start+entry.size > uint64(len(e.data)) {
			return nil, fmt.Errorf("%w: a text of %d bytes at %d does not fit into %d", errEXIF, entry.size, start, len(e.data))
		}
		value = e.data[start : start+entry.size]
	}
	if e.total += entry.size; e.total > maxTexts {
		return nil, errTooMuchText
	}
	return value, nil
}

// comment is the UserComment in the EXIF directory; "" if there is none. Its first 8 bytes name the characters.
func (e *exifReader) comment(at uint64) (string, error) {
	entries, err := e.directory(at)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.tag != tagComment || entry.kind != typeUndef && entry.kind != typeASCII {
			continue
		}
		value, err := e.value(entry)
		if err != nil || len(value) < 8 {
			return "", err
		}
		text := value[8:]
		if strings.TrimRight(string(value[:8]), "\x00") == "UNICODE" {
			return utf16Text(text), nil
		}
		return string(latin1(bytes.TrimRight(text, "\x00"))), nil
	}
	return "", nil
}

// utf16Text decodes UTF-16. Programs disagree about the byte order, which shows in where the zero bytes of Latin letters are.
func utf16Text(b []byte) string {
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	var order binary.ByteOrder = binary.BigEndian
	if zeros[1] > zeros[0] {
		order = binary.LittleEndian
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return strings.TrimRight(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"), "\x00")
}
