package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func (h host) ListActors() ([]frontend.Actor, error) {
	list, err := actor.List(h.Runtime)
	if err != nil {
		return nil, err
	}
	out := make([]frontend.Actor, len(list))
	for i, s := range list {
		out[i] = described(s)
	}
	return out, nil
}

func (h host) ShowActor(name string) (frontend.Actor, error) {
	s, err := actor.Stat(h.Runtime, name)
	return described(s), named(err)
}

func described(s actor.Stored) frontend.Actor {
	d := s.Details
	a := frontend.Actor{
		Name: s.Name, Path: s.Path, Bytes: s.Bytes, Modified: s.Modified, Target: s.Target, Word: s.Word, Concept: string(s.Concept),
		Family: string(s.Model.Family), Fingerprint: s.Model.Fingerprint,
		Prompt: d.Prompt, Seed: d.Seed, Steps: d.Steps, Settings: d.Settings, Origin: d.Origin, Licence: d.Licence, Projector: s.Projector,
	}
	if s.Deltas != nil {
		a.Pictures, a.Width = s.Deltas.Dim(0), s.Deltas.Dim(1)
	}
	if d.Thumbnail.Tensor != nil {
		a.Thumbnail = [2]int{d.Thumbnail.Dim(2), d.Thumbnail.Dim(1)}
	}
	if s.Problem != nil {
		a.Problem = s.Problem.Error()
	}
	return a
}

func (h host) ExportActor(ctx context.Context, name, file string) error {
	return actor.Export(ctx, h.Runtime, name, file)
}

func (h host) ImportActor(ctx context.Context, file, name, origin, licence string) (string, error) {
	stored, err := actor.Import(ctx, h.Runtime, file, name, origin, licence)
	return stored, named(err)
}

func (h host) SetActor(ctx context.Context, name string, fields map[string]string) error {
	change, err := actorChange(fields)
	if err != nil {
		return err
	}
	return named(actor.Edit(ctx, h.Runtime, name, change))
}

func (h host) RenameActor(ctx context.Context, name, to string, fields map[string]string) (string, error) {
	change, err := actorChange(fields)
	if err != nil {
		return "", err
	}
	full, err := actor.Rename(ctx, h.Runtime, name, to, change)
	return full, named(err)
}

// actorChange sets fields of an actor.
func actorChange(fields map[string]string) (func(*actor.Actor), error) {
	set := map[string]func(a *actor.Actor, value string){
		"origin":  func(a *actor.Actor, value string) { a.Details.Origin = value },
		"licence": func(a *actor.Actor, value string) { a.Details.Licence = value },
		"prompt":  func(a *actor.Actor, value string) { a.Details.Prompt = value },
	}
	for key, value := range fields {
		if set[key] == nil {
			return nil, fmt.Errorf("an actor has no field %q that can be set; there are %s", key, strings.Join(slices.Sorted(maps.Keys(set)), ", "))
		}
		if len(value) > actor.LongestText {
			return nil, fmt.Errorf("%w: %s has %d bytes; use %d at most", frontend.ErrValue, key, len(value), actor.LongestText)
		}
	}
	return func(a *actor.Actor) {
		for key, value := range fields {
			set[key](a, value)
		}
	}, nil
}

func (h host) TrashActor(ctx context.Context, name string) (string, error) {
	at, err := actor.Trash(ctx, h.Runtime, name)
	return at, named(err)
}

func (h host) RestoreActor(ctx context.Context, name string) (string, error) {
	full, err := actor.Restore(ctx, h.Runtime, name)
	return full, named(err)
}

func (h host) ActorThumbnail(name string, as frontend.PictureFormat) ([]byte, error) {
	s, err := actor.Stat(h.Runtime, name)
	switch {
	case err != nil:
		return nil, err
	case s.Problem != nil:
		return nil, named(s.Problem)
	case s.Details.Thumbnail.Tensor == nil:
		return nil, fmt.Errorf("the actor %s has no thumbnail: %w", s.Name, fs.ErrNotExist)
	}
	return encodeAs(frameOf(s.Details.Thumbnail.Tensor), as)
}

// frameOf is the first picture of [B,H,W,3], rounded to the nearest levels.
func frameOf(t *tensor.Tensor) imaging.Frame {
	f := imaging.Frame{Width: t.Dim(2), Height: t.Dim(1), Alpha: imaging.Opaque}
	for p := range slices.Chunk(t.Rows(0, 1).Data, 3) {
		for _, v := range p {
			f.Pixels = append(f.Pixels, uint8(min(max(v, 0), 1)*255+0.5))
		}
		f.Pixels = append(f.Pixels, 255)
	}
	return f
}
