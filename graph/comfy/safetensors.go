package comfy

import (
	"encoding/binary"
	"fmt"

	"github.com/oneactor/oneactor/graph/ojson"
)

// ReadSafetensors returns the texts in the header of a saved latent or model (contract 5.9). data may end after the header.
func ReadSafetensors(data []byte) ([]Text, error) {
	if len(data) < 8 || binary.LittleEndian.Uint64(data) > uint64(len(data)-8) {
		return nil, fmt.Errorf("safetensors: the header does not fit into the %d bytes of the file", len(data))
	}
	header, err := ojson.ParseObject(data[8:8+binary.LittleEndian.Uint64(data)], ojson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	var texts []Text
	for key, v := range header.Object("__metadata__").All() {
		if text, ok := v.(string); ok {
			texts = append(texts, Text{key, text})
		}
	}
	return texts, nil
}
