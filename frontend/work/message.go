package work

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Subject is where messages for clients are on the bus.
const Subject = "oneactor.events"

// Message is one message for clients.
type Message struct {
	Type   string `json:"t"`           // of package graph's events
	Prompt string `json:"p"`           // prompt id
	Client string `json:"c,omitempty"` // who gets it; "" for everyone
	Number int    `json:"n"`           // of the job's messages, from 1
	Node   string `json:"d,omitempty"` // of "executing": the node that is shown as running
	// Text is the websocket message, of all but previews and texts of nodes.
	Text []byte `json:"-"`
	// Metadata and Picture are a preview's: where it belongs, as JSON, and a JPEG or PNG file.
	Metadata, Picture []byte `json:"-"`
	PNG               bool   `json:"png,omitempty"`
}

var errMessage = errors.New("damaged message")

// Encode makes the form on the bus.
func (m Message) Encode() ([]byte, error) {
	head, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	size := len(head) + len(m.Text) + len(m.Metadata) + len(m.Picture) + 4*binary.MaxVarintLen32
	data := make([]byte, 0, size)
	for _, part := range [][]byte{head, m.Text, m.Metadata, m.Picture} {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data, nil
}

// Decode reads a message; its texts are parts of data.
func Decode(data []byte) (Message, error) {
	var m Message
	var parts [4][]byte
	for i := range parts {
		n, size := binary.Uvarint(data)
		if size <= 0 || n > uint64(len(data)-size) {
			return Message{}, errMessage
		}
		parts[i], data = data[size:size+int(n)], data[size+int(n):]
	}
	if err := json.Unmarshal(parts[0], &m); err != nil {
		return Message{}, fmt.Errorf("%w: %w", errMessage, err)
	}
	m.Text, m.Metadata, m.Picture = parts[1], parts[2], parts[3]
	return m, nil
}
