// Package workflows holds the workflows that come with the program. templates/ has what the template browser of ComfyUI's front end wants beside
// them: index.json, and a picture NAME-1.webp of each.
//
// To add a workflow, save it here from the editor, list it in templates/index.json, and put a picture of what it makes beside that.
package workflows

import (
	"embed"
	"errors"
	"io/fs"
)

//go:embed *.json
var files embed.FS

//go:embed templates
var gallery embed.FS

// Templates are the files that a template browser asks for: index.json, NAME.json and NAME-1.webp.
func Templates() fs.FS { return templates{} }

type templates struct{}

func (templates) Open(name string) (fs.File, error) {
	f, err := gallery.Open("templates/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return files.Open(name)
	}
	return f, err
}
