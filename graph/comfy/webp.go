package comfy

import (
	"encoding/binary"
	"fmt"
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
