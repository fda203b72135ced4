"""What a branch changes in the data: two revisions' results compared, for people, as a comment on a pull request."""
