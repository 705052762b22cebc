package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/imaging"
)

// Stage names a picture for LoadImage. What lies outside of the input folder is copied into the temp folder, as nodes read nothing else.
func (h host) Stage(ctx context.Context, path string) (string, error) {
	input, err := filepath.Abs(h.Runtime.Folders.Dir(folder.Input))
	if err != nil {
		return "", err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(input, full); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	ext := filepath.Ext(path)
	save, err := h.Runtime.Folders.NewSave(folder.Temp, "each/"+strings.ReplaceAll(strings.TrimSuffix(filepath.Base(path), ext), "%", "_"), 0, 0)
	if err != nil {
		return "", err
	}
	saved, err := save.Write(ctx, 0, strings.TrimPrefix(ext, "."), func(w io.Writer) error { _, err := io.Copy(w, f); return err })
	if err != nil {
		return "", err
	}
	return filepath.ToSlash(filepath.Join(saved.Subfolder, saved.Filename)) + " [temp]", nil
}

// DrawSheet reads the pictures again, draws them and saves the page.
func (h host) DrawSheet(ctx context.Context, s frontend.Sheet) (string, error) {
	sheet := imaging.Sheet{Title: s.Title, Heads: s.Heads}
	for _, r := range s.Rows {
		row := imaging.SheetRow{Label: r.Label}
		for _, path := range r.Pictures {
			if path == "" {
				row.Pictures = append(row.Pictures, nil)
				continue
			}
			picture, _, err := runtime.LoadImage(path)
			if err != nil {
				return "", err
			}
			row.Pictures = append(row.Pictures, picture.Pictures()[0])
		}
		sheet.Rows = append(sheet.Rows, row)
	}
	drawn, err := runtime.DrawSheet(sheet)
	if err != nil {
		return "", err
	}
	page := drawn.Pictures()[0]
	options := imaging.PNGOptions{Level: 4}
	if !h.Runtime.DisableMetadata {
		for _, m := range s.Metadata {
			options.Texts = append(options.Texts, imaging.Text{Key: m.Key, Value: m.JSON})
		}
	}
	save, err := h.Runtime.Folders.NewSave(folder.Output, s.Prefix, page.Dim(1), page.Dim(0))
	if err != nil {
		return "", fmt.Errorf("sheet: %w", err)
	}
	saved, err := save.Write(ctx, 0, "png", func(w io.Writer) error { return imaging.EncodePNG(w, page, options) })
	if err != nil {
		return "", err
	}
	return h.Path(string(folder.Output), saved.Subfolder, saved.Filename), nil
}
