package api

import (
	"net/http"
	"strings"
)

// plainSemicolons makes a semicolon in a query mean itself, as it does for ComfyUI and its clients (preview=webp;90). Package net/url leaves such a
// parameter out.
func plainSemicolons(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, ";") {
			copied, u := *r, *r.URL
			u.RawQuery = strings.ReplaceAll(u.RawQuery, ";", "%3B")
			copied.URL = &u
			r = &copied
		}
		next.ServeHTTP(w, r)
	})
}
