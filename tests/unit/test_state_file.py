"""The file in which what was learned is kept."""

from streamgauge.model.memory import Memory
from streamgauge.state_file import StateFile


def warnings(caplog):
    return [record.fields["problem"] for record in caplog.records]


def test_a_file_that_two_processes_write_is_a_warning(tmp_path, caplog):
    path = tmp_path / "state.json"
    ours, theirs = StateFile(path), StateFile(path)
    ours.save("a", Memory(), at_once=True)
    ours.save("b", Memory(), at_once=True)
    theirs.save("c", Memory(), at_once=True)
    assert warnings(caplog) == []
    ours.save("d", Memory(), at_once=True)
    assert warnings(caplog) == ["is written by another process too; each exporter needs its own"]


def test_a_file_that_was_removed_is_written_again_without_a_word(tmp_path, caplog):
    path = tmp_path / "state.json"
    file = StateFile(path)
    file.save("a", Memory(), at_once=True)
    path.unlink()
    file.save("b", Memory(), at_once=True)
    assert path.exists()
    assert warnings(caplog) == []


def test_a_file_of_a_later_version_is_moved_aside_before_it_is_written_over(tmp_path):
    path = tmp_path / "state.json"
    path.write_text('{"version": 99}')
    StateFile(path).save("a", Memory(), at_once=True)
    assert (tmp_path / "state.json.unusable").read_text() == '{"version": 99}'
    assert '"version":1' in path.read_text()
