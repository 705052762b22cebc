package comfy

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
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
		text, err := read(body, left)
		if err != nil {
			if left -= len(text.Text); left <= 0 {
				return nil, nil, fmt.Errorf("PNG: %w", err)
			}
			warn("a damaged %s chunk was left out: %v", kind, err)
			continue
		}
		if left -= len(text.Text); left < 0 {
			return nil, nil, fmt.Errorf("PNG: %w", errTooMuchText)
		}
		texts = append(texts, text)
	}
	return texts, warnings, nil
}

var errTooMuchText = fmt.Errorf("the texts are longer than %d MiB", maxTexts>>20)

// textChunks read the body of a chunk; an inflated text may have limit bytes. With an error, Text is as much as was inflated.
var textChunks = map[string]func(body []byte, limit int) (Text, error){
	"tEXt": plainChunk,
	"comf": plainChunk,
	"zTXt": compressedChunk,
	"iTXt": internationalChunk,
}

func plainChunk(body []byte, _ int) (Text, error) {
	key, text, ok := bytes.Cut(body, []byte{0})
	if !ok {
		return Text{}, errNoKey
	}
	return Text{latin1(key), latin1(text)}, nil
}

var errNoKey = fmt.Errorf("no key")

// compressedChunk: key NUL method data.
func compressedChunk(body []byte, limit int) (Text, error) {
	key, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) == 0 {
		return Text{}, errNoKey
	}
	text, err := inflate(rest[0], rest[1:], limit)
	return Text{latin1(key), latin1(text)}, err
}

// internationalChunk: key NUL compressed? method language NUL translated key NUL UTF-8 text.
func internationalChunk(body []byte, limit int) (Text, error) {
	key, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 2 {
		return Text{}, errNoKey
	}
	compressed, method := rest[0], rest[1]
	_, rest, ok = bytes.Cut(rest[2:], []byte{0})
	if ok {
		_, rest, ok = bytes.Cut(rest, []byte{0})
	}
	if !ok {
		return Text{}, errNoKey
	}
	var err error
	if compressed != 0 {
		rest, err = inflate(method, rest, limit)
	}
	return Text{latin1(key), string(rest)}, err
}

// inflate unpacks at most limit bytes; where there are more, the error comes with all that was unpacked.
func inflate(method byte, data []byte, limit int) ([]byte, error) {
	if method != 0 {
		return nil, fmt.Errorf("compression method %d; PNG has only 0", method)
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	if len(text) > limit {
		return text, errTooMuchText
	}
	return text, err
}

// latin1 decodes text that should be Latin-1; many programs write UTF-8 instead, which is kept.
func latin1(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	runes := make([]rune, len(text))
	for i, c := range text {
		runes[i] = rune(c)
	}
	return string(runes)
}
