package comfy

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"github.com/oneactor/oneactor/graph/ojson"
)

// maxTexts bounds the texts of one picture together, inflated.
const maxTexts = ojson.DefaultMaxBytes

// ReadPNG returns the texts of a PNG file in file order: tEXt, zTXt and iTXt chunks, and the private comf chunks (key NUL text) of
// animations. A chunk that is damaged is left out with a warning; an error means that the texts together exceed 64 MiB.
// PNG specification, third edition, 5.3 and 11.3.3.
func ReadPNG(data []byte) ([]Text, []Warning, error) {
	var texts []Text
	var warnings []Warning
	warn := func(format string, args ...any) {
		warnings = append(warnings, Warning{Text: fmt.Sprintf(format, args...)})
	}
	left := maxTexts
	rest := data[min(len(data), len("\x89PNG\r\n\x1a\n")):]
	for len(rest) > 0 {
		if len(rest) < 12 || uint64(len(rest)-12) < uint64(binary.BigEndian.Uint32(rest)) {
			warn("the PNG file is cut off")
			break
		}
		size := int(binary.BigEndian.Uint32(rest))
		typed, sum := rest[4:8+size], binary.BigEndian.Uint32(rest[8+size:])
		kind, body := string(typed[:4]), typed[4:]
		rest = rest[12+size:]
		if kind == "IEND" {
			break
		}
		read := textChunks[kind]
		if read == nil {
			continue
		}
		if crc32.ChecksumIEEE(typed) != sum {
			warn("a damaged %s chunk (wrong checksum) was left out", kind)
			continue
		}
		key, text, err := read(body, left)
		if left -= len(text); left < 0 {
			return nil, nil, fmt.Errorf("PNG: %w", errTooMuchText)
		}
		if err != nil {
			warn("a damaged %s chunk was left out: %v", kind, err)
			continue
		}
		if kind != "iTXt" {
			text = latin1(text)
		}
		texts = append(texts, Text{string(latin1(key)), string(text)})
	}
	return texts, warnings, nil
}

var (
	errTooMuchText = fmt.Errorf("the texts are longer than %d MiB", maxTexts>>20)
	errNoKey       = errors.New("no key")
)

// textChunks read the body of a chunk. A packed text is unpacked to one byte more than limit; the text that comes with an error
// is what was unpacked until then.
var textChunks = map[string]func(body []byte, limit int) (key, text []byte, err error){
	"tEXt": plainChunk,
	"comf": plainChunk,
	"zTXt": compressedChunk,
	"iTXt": internationalChunk,
}

// plainChunk: key NUL text.
func plainChunk(body []byte, _ int) (key, text []byte, err error) {
	key, text, ok := bytes.Cut(body, []byte{0})
	if !ok {
		return nil, nil, errNoKey
	}
	return key, text, nil
}

// compressedChunk: key NUL method data.
func compressedChunk(body []byte, limit int) (key, text []byte, err error) {
	key, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) == 0 {
		return nil, nil, errNoKey
	}
	text, err = inflate(rest[0], rest[1:], limit)
	return key, text, err
}

// internationalChunk: key NUL compressed? method language NUL translated key NUL UTF-8 text.
func internationalChunk(body []byte, limit int) (key, text []byte, err error) {
	key, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 2 {
		return nil, nil, errNoKey
	}
	compressed, method := rest[0], rest[1]
	_, rest, ok = bytes.Cut(rest[2:], []byte{0})
	if ok {
		_, rest, ok = bytes.Cut(rest, []byte{0})
	}
	if !ok {
		return nil, nil, errNoKey
	}
	if compressed != 0 {
		rest, err = inflate(method, rest, limit)
	}
	return key, rest, err
}

func inflate(method byte, data []byte, limit int) ([]byte, error) {
	if method != 0 {
		return nil, fmt.Errorf("compression method %d; PNG has only 0", method)
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	_, err = text.ReadFrom(io.LimitReader(z, int64(limit)+1))
	return text.Bytes(), err
}

// latin1 decodes text that should be Latin-1; many programs write UTF-8 instead, which is kept.
func latin1(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	decoded := make([]byte, 0, len(text)*2)
	for _, c := range text {
		decoded = utf8.AppendRune(decoded, rune(c))
	}
	return decoded
}
