package api

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"
)

// page is shown where no front end is there.
//
//go:embed page
var page embed.FS

// CheckFrontEnd says what is wrong with a folder that is to be the front end.
func CheckFrontEnd(dir string) error {
	if dir == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
		return fmt.Errorf("--front-end-root %s: no index.html is there; of the PyPI package it is the folder comfyui_frontend_package/static: %w", dir, err)
	}
	return nil
}

// openRoots finds the files that are served: those of templates, of documentation and of the front end. The packages of ComfyUI's front end lie
// side by side, so the first two are found from the third.
func (s *Server) openRoots() error {
	templates, docs, web := s.config.Templates, s.config.Docs, s.config.Canvas
	if dir := s.config.FrontEndRoot; dir != "" {
		if err := CheckFrontEnd(dir); err != nil {
			return err
		}
		var err error
		if web, err = s.openFolder(dir); err != nil {
			return err
		}
		packages := filepath.Join(dir, "..", "..")
		if files, err := s.openFolder(filepath.Join(packages, "comfyui_workflow_templates", "templates")); err == nil {
			templates = files
		}
		if files, err := s.openFolder(filepath.Join(packages, "comfyui_embedded_docs", "docs")); err == nil {
			docs = files
		}
	}
	if web == nil {
		web, _ = fs.Sub(page, "page") // the name is valid, so there is no error
	}
	for _, r := range []root{{"/templates", templates}, {"/docs", docs}, {"", web}} {
		if r.files != nil {
			s.roots = append(s.roots, r)
		}
	}
	return nil
}

// openFolder opens a folder that links do not lead out of.
func (s *Server) openFolder(dir string) (fs.FS, error) {
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("front end: %w", err)
	}
	s.folders = append(s.folders, folder)
	return folder.FS(), nil
}

func (s *Server) closeRoots() {
	for _, f := range s.folders {
		_ = f.Close() // it was only read
	}
}

// web is the root of the front end.
func (s *Server) web() root { return s.roots[len(s.roots)-1] }

func (s *Server) frontEndRoutes(r routes) {
	for _, path := range []string{"/", "/api/"} {
		r.bare(http.MethodGet, path, s.getIndex)
	}
	r.get("/extensions", s.getExtensions)
}

// getIndex sends the page of the front end, which browsers must ask for anew each time.
func (s *Server) getIndex(c *gin.Context) error {
	c.Header("Cache-Control", "no-cache")
	c.Header("Pragma", "no-cache")
	c.Header("Expires", "0")
	return s.sendFile(c, s.web(), "index.html")
}

// getExtensions lists the scripts that the front end loads besides its own.
func (s *Server) getExtensions(c *gin.Context) error {
	list := []any{}
	err := fs.WalkDir(s.web().files, "extensions", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".js" && !isHidden(name) {
			list = append(list, "/"+name)
		}
		return nil // what can't be read is no extension
	})
	if err != nil {
		return err
	}
	return sendJSON(c, list)
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }
