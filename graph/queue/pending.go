package queue

import (
	"cmp"
	"slices"
)

// pending holds the waiting jobs in the order (number, id, acceptance). Jobs mostly come at the end and leave at the front, where both
// cost nothing; elsewhere a move of pointers.
type pending struct {
	jobs []*job
}

func compareJobs(a, b *job) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID), cmp.Compare(a.turn, b.turn))
}

func (p *pending) add(j *job) {
	if n := len(p.jobs); n == 0 || compareJobs(p.jobs[n-1], j) <= 0 {
		p.jobs = append(p.jobs, j)
		return
	}
	i, _ := slices.BinarySearchFunc(p.jobs, j, compareJobs)
	p.jobs = slices.Insert(p.jobs, i, j)
}

// remove takes a job out and reports whether it was there.
func (p *pending) remove(j *job) bool {
	i, ok := slices.BinarySearchFunc(p.jobs, j, compareJobs)
	if !ok {
		return false
	}
	if i == 0 {
		p.jobs[0] = nil
		p.jobs = p.jobs[1:]
		return true
	}
	p.jobs = slices.Delete(p.jobs, i, i+1)
	return true
}
