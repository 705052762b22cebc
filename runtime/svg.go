package runtime

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// SVG is a list of drawings, each a file as text.
type SVG struct{ Files []string }

// Socket is the wire type.
func (SVG) Socket() string { return "SVG" }

// Bytes is the memory held.
func (s SVG) Bytes() (n int64) {
	for _, f := range s.Files {
		n += int64(len(f))
	}
	return n
}

var svgTag = regexp.MustCompile(`<svg[^>]*>`)

// svgNote is the text of a metadata element. What would end its section is escaped as JSON allows it.
const svgNote = "\n  <metadata>\n    <![CDATA[\n%s\n    ]]>\n  </metadata>\n"

// WithMetadata puts a JSON text into a drawing, behind its first tag svg. A file without one is left as it is.
func (s SVG) WithMetadata(i int, json []byte) string {
	file := s.Files[i]
	at := svgTag.FindStringIndex(file)
	if at == nil || strings.HasSuffix(file[:at[1]], "/>") {
		return file
	}
	json = bytes.ReplaceAll(json, []byte("]]>"), []byte(`]]\u003e`))
	return file[:at[1]] + fmt.Sprintf(svgNote, json) + file[at[1]:]
}
