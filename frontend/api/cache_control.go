package api

import (
	"net/http"
	"path"
	"strings"
)

// pictureEndings are those of paths whose answers clients may keep.
var pictureEndings = map[string]bool{
	".jpg": true, ".jpeg": true, ".png": true, ".ppm": true, ".bmp": true, ".pgm": true, ".tif": true, ".tiff": true, ".webp": true,
}

// cacheControl says how long clients may keep an answer. Only the path and the status decide.
func (s *Server) cacheControl(w *response, _ bool) {
	if w.raised || w.Header().Get("Cache-Control") != "" {
		return
	}
	if value := cacheRule(w.c.Request.URL.Path, w.Status(), s.config.Token != ""); value != "" {
		w.Header().Set("Cache-Control", value)
	}
}

// cacheRule is the header's value, "" for none. What only some may see is no matter for caches that many share.
func cacheRule(urlPath string, status int, private bool) string {
	file := urlPath[strings.LastIndexByte(urlPath, '/')+1:]
	if strings.HasSuffix(urlPath, ".js") || strings.HasSuffix(urlPath, ".css") || strings.HasPrefix(file, "index") && strings.HasSuffix(file, ".json") {
		return "no-cache"
	}
	if !pictureEndings[strings.ToLower(path.Ext(file))] {
		return ""
	}
	scope := "public"
	if private {
		scope = "private"
	}
	switch {
	case status == http.StatusNotFound:
		return scope + ", max-age=3600"
	case status >= 200 && status <= 206, status == http.StatusMovedPermanently, status == http.StatusPermanentRedirect:
		return scope + ", max-age=86400"
	case status == http.StatusFound, status == http.StatusSeeOther, status == http.StatusTemporaryRedirect:
		return "no-cache"
	}
	return ""
}
