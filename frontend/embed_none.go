//go:build no_ui

package frontend

import "io/fs"

// Canvas is nil: this program was built without the editor's page.
func Canvas() fs.FS { return nil }
