package imaging

import (
	"encoding/binary"
	"slices"
)

// modelTag is the camera's model; its maker and the description of the picture have the tags before.
const modelTag = 0x0110

// exifOf is a TIFF directory, big-endian, with every text as "key:value" under a tag of its own, where ComfyUI keeps them in a WebP file: the
// prompt under modelTag, others under those before it. Nil where there are none.
func exifOf(texts []Text) []byte {
	if len(texts) == 0 {
		return nil
	}
	const entry, ascii = 12, 2
	first := uint16(modelTag)
	if texts[0].Key != "prompt" {
		first--
	}
	be := binary.BigEndian
	head := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08")
	head = be.AppendUint16(head, uint16(len(texts)))
	at := uint32(8 + 2 + entry*len(texts) + 4) // where values begin, counted from "MM"
	var values []byte
	for i, text := range slices.Backward(texts) { // directories are sorted by tag
		value := append([]byte(text.Key+":"+text.Value), 0)
		head = be.AppendUint16(head, first-uint16(i))
		head = be.AppendUint16(head, ascii)
		head = be.AppendUint32(head, uint32(len(value)))
		if len(value) <= 4 {
			head = append(head, append(value, 0, 0, 0)[:4]...)
			continue
		}
		head = be.AppendUint32(head, at+uint32(len(values)))
		values = append(values, value...)
		if len(value)%2 == 1 {
			values = append(values, 0)
		}
	}
	return append(be.AppendUint32(head, 0), values...) // no further directory
}
