package api

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// getTranslations joins the translations of all folders, by language: what locales/LANGUAGE/main.json says, and under keys of their own what the
// files beside it say.
func (s *Server) getTranslations(c *gin.Context) error {
	packs, err := s.packFolders()
	if err != nil {
		return err
	}
	all := ojson.NewObject()
	for _, p := range packs {
		locales := filepath.Join(p.dir, "locales")
		for _, language := range visible(locales, isFolder) {
			if all.Object(language) == nil {
				all.Set(language, ojson.NewObject())
			}
			dir := filepath.Join(locales, language)
			texts := readTranslation(filepath.Join(dir, "main.json"))
			for _, key := range []string{"nodeDefs", "commands", "settings"} {
				if more := readTranslation(filepath.Join(dir, key+".json")); more.Len() > 0 {
					texts.Set(key, more)
				}
			}
			all.Set(language, merged(all.Object(language), texts))
		}
	}
	return sendJSON(c, all)
}

// maxTranslation bounds a file of translations.
const maxTranslation = 16 << 20

// readTranslation reads a file that may be missing.
func readTranslation(path string) *ojson.Object {
	if !isJSONFile(path) {
		return ojson.NewObject()
	}
	text, err := os.ReadFile(path)
	if err == nil {
		var o *ojson.Object
		if o, err = ojson.ParseObject(text, ojson.Limits{MaxBytes: maxTranslation}); err == nil {
			return o
		}
	}
	slog.Error("a translation can't be read", "file", path, "problem", err)
	return ojson.NewObject()
}

// merged is base with the members of update: objects are merged, lists joined, other values replaced.
func merged(base, update any) any {
	b, isObject := base.(*ojson.Object)
	u, isObjectToo := update.(*ojson.Object)
	if isObject && isObjectToo {
		out := b.Clone()
		for key, value := range u.All() {
			if old, ok := out.Get(key); ok {
				value = merged(old, value)
			}
			out.Set(key, value)
		}
		return out
	}
	l, isList := base.([]any)
	m, isListToo := update.([]any)
	if isList && isListToo {
		return append(slices.Clone(l), m...)
	}
	return update
}
