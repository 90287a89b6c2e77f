"""What is wrong with a configuration file, as the user is told."""

import textwrap

import pytest

from streamgauge.config import ConfigError, load_config


@pytest.fixture
def problems(tmp_path):
    """Answers the sentences that a configuration of this text is refused with."""

    def problems_of(text: str | bytes, **environ: str) -> list[str]:
        path = tmp_path / "config.yml"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        with pytest.raises(ConfigError) as error:
            load_config(path, environ=environ)
        assert error.value.source == str(path)
        return [str(problem).replace(str(tmp_path), "DIR") for problem in error.value.problems]

    return problems_of
