"""One comment per pull request, its pictures on a branch, by GitHub's API and Git alone.

Nothing but the standard library is imported: the job that may write runs `python -m dataprep.pull_request` from a bare
checkout of trusted code, with no package installed beside it.
"""
