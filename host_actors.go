package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/runtime/actor"
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
	return described(s), err
}

func described(s actor.Stored) frontend.Actor {
	d := s.Details
	a := frontend.Actor{
		Name: s.Name, Path: s.Path, Bytes: s.Bytes, Word: s.Word, Concept: string(s.Concept),
		Family: string(s.Model.Family), Fingerprint: s.Model.Fingerprint,
		Prompt: d.Prompt, Seed: d.Seed, Steps: d.Steps, Settings: d.Settings, Origin: d.Origin, Licence: d.Licence, Projector: s.Projector != nil,
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
	return actor.Import(ctx, h.Runtime, file, name, origin, licence)
}

func (h host) SetActor(ctx context.Context, name string, fields map[string]string) error {
	set := map[string]func(a *actor.Actor, value string){
		"origin":  func(a *actor.Actor, value string) { a.Details.Origin = value },
		"licence": func(a *actor.Actor, value string) { a.Details.Licence = value },
		"prompt":  func(a *actor.Actor, value string) { a.Details.Prompt = value },
	}
	for key := range fields {
		if set[key] == nil {
			return fmt.Errorf("an actor has no field %q that can be set; there are %s", key, strings.Join(slices.Sorted(maps.Keys(set)), ", "))
		}
	}
	return actor.Edit(ctx, h.Runtime, name, func(a *actor.Actor) {
		for key, value := range fields {
			set[key](a, value)
		}
	})
}

func (h host) TrashActor(ctx context.Context, name string) (string, error) {
	return actor.Trash(ctx, h.Runtime, name)
}
