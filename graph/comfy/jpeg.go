package comfy

import (
	"encoding/binary"
	"fmt"
)

// ReadJPEG returns the texts that the EXIF data of a JPEG file holds: "key:text" as in WebP, and the comment in which A1111 keeps its
// parameters. A file without EXIF has none; what cannot be read is left out with a warning. JPEG: ITU T.81, B.1.1.
func ReadJPEG(data []byte) (texts []Text, warnings []Warning, err error) {
	rest := data[min(len(data), 2):]
	for len(rest) > 0 {
		if len(rest) < 4 || rest[0] != 0xff {
			warnings = append(warnings, Warning{Text: "the JPEG file is cut off"})
			break
		}
		marker := rest[1]
		switch {
		case marker == 0xff: // fill byte
			rest = rest[1:]
			continue
		case marker == 0xda || marker == 0xd9: // the picture itself, or its end
			return texts, warnings, nil
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // without a length
			rest = rest[2:]
			continue
		}
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if size < 2 || size+2 > len(rest) {
			warnings = append(warnings, Warning{Text: "the JPEG file is cut off"})
			break
		}
		body := rest[4 : 2+size]
		rest = rest[2+size:]
		if marker != 0xe1 || len(body) < 6 || string(body[:6]) != "Exif\x00\x00" {
			continue
		}
		values, err := exifTexts(body)
		if err != nil {
			warnings = append(warnings, Warning{Text: fmt.Sprintf("the EXIF data were left out: %v", err)})
		}
		texts = append(texts, values...)
	}
	return texts, warnings, nil
}
