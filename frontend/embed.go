//go:build !no_ui

package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:web/dist
var dist embed.FS

// Canvas is the editor's page, as npm run build makes it; nil where that was not done before this program was built.
func Canvas() fs.FS {
	files, err := fs.Sub(dist, "web/dist")
	if err != nil {
		return nil // the path is valid, so there is no error
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil
	}
	return files
}
