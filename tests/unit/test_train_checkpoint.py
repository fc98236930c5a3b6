"""A checkpoint brings everything back, and a damaged one is passed over."""

import pytest

torch = pytest.importorskip("torch", reason="training comes with the extra 'train'")

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn  # noqa: E402

from diascope.train.checkpoint import KEPT, Trainee, load_checkpoint, save_checkpoint  # noqa: E402


def _trainee(seed=0):
    torch.manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    return Trainee(network, average, torch.optim.AdamW(network.parameters()))


def _step(trainee):
    trainee.optimiser.zero_grad()
    trainee.network(torch.ones(2, 1, 5, 5) + torch.randn(2, 1, 5, 5)).square().mean().backward()
    trainee.optimiser.step()
    trainee.average.update_parameters(trainee.network)


def _state(trainee):
    return [*trainee.network.state_dict().values(), *trainee.average.state_dict().values()]


def test_restored_state_is_bit_equal_and_goes_on_equally(tmp_path):
    first, second = _trainee(), _trainee(1)
    for _ in range(3):
        _step(first)
    save_checkpoint(tmp_path, 3, first, {"end": 9})
    step, facts, damaged = load_checkpoint(tmp_path, second)
    assert (step, facts, damaged) == (3, {"end": 9}, [])
    for one in (first, second):
        torch.manual_seed(5)
        _step(one)
    assert all(torch.equal(a, b) for a, b in zip(_state(first), _state(second), strict=True))


def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path):
    trainee = _trainee()
    _step(trainee)
    save_checkpoint(tmp_path, 1, trainee, {})
    _step(trainee)
    newest = save_checkpoint(tmp_path, 2, trainee, {})
    newest.write_bytes(newest.read_bytes()[:100])
    step, _, damaged = load_checkpoint(tmp_path, _trainee(1))
    assert step == 1
    assert damaged == [newest.name]


def test_only_the_last_are_kept(tmp_path):
    trainee = _trainee()
    _step(trainee)
    for step in range(5):
        save_checkpoint(tmp_path, step, trainee, {})
    assert len(list(tmp_path.iterdir())) == KEPT


def test_no_checkpoint_is_step_0(tmp_path):
    assert load_checkpoint(tmp_path / "none", _trainee()) == (0, {}, [])


def test_weights_of_a_channels_last_network_with_shared_layers_come_back(tmp_path):
    from safetensors.torch import load_model

    from diascope.train.checkpoint import save_weights

    layer = torch.nn.Conv2d(4, 4, 3)
    network = torch.nn.ModuleDict({"one": layer, "same": layer}).to(memory_format=torch.channels_last)
    save_weights(tmp_path / "w.safetensors", network, {})
    twin_layer = torch.nn.Conv2d(4, 4, 3)
    twin = torch.nn.ModuleDict({"one": twin_layer, "same": twin_layer})
    load_model(twin, tmp_path / "w.safetensors")
    assert torch.equal(twin_layer.weight, layer.weight.contiguous())
    assert [f.name for f in tmp_path.iterdir()] == ["w.safetensors"]
